using System.Diagnostics;
using System.Net.Sockets;

namespace VmBus.Switch.Guest;

/// <summary>A question and its answer by TCP, one at a time.</summary>
internal sealed class RoundTripLoad : ILoad
{
    private const int Length = 64;

    /// <inheritdoc/>
    public string Name => "tcp-round-trip";

    /// <inheritdoc/>
    public string Driver => "hv_netvsc";

    /// <inheritdoc/>
    public void Run(TimeSpan warmUp, TimeSpan time, Times into)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(Peer.Address, Peer.EchoPort);
        var message = new byte[Length];
        long start = Stopwatch.GetTimestamp();
        long first = 0;
        for (long begun = start; Stopwatch.GetElapsedTime(start, begun) < warmUp + time;)
        {
            socket.Send(message);
            for (int received = 0; received < Length;)
                received += socket.Receive(message.AsSpan(received)) is var read and > 0 ? read : throw new IOException("The echo has gone.");
            long now = Stopwatch.GetTimestamp();
            into.Requests++;
            if (Stopwatch.GetElapsedTime(start, begun) >= warmUp)
            {
                first = first == 0 ? begun : first;
                into.Add(Stopwatch.GetElapsedTime(begun, now), Length);
            }

            begun = now;
            if (Stopwatch.GetElapsedTime(start, now) >= warmUp + time)
                into.Seconds += Stopwatch.GetElapsedTime(first, now).TotalSeconds;
        }
    }
}

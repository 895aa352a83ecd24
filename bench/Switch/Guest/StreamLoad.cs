using System.Diagnostics;
using System.Net.Sockets;

namespace VmBus.Switch.Guest;

/// <summary>A stream by TCP, from the guest to a sink, which has the last word: how much came.</summary>
internal sealed class StreamLoad : ILoad
{
    private const int Piece = 1 << 16;

    /// <inheritdoc/>
    public string Name => "tcp-stream";

    /// <inheritdoc/>
    public string Driver => "hv_netvsc";

    /// <inheritdoc/>
    /// <remarks>A stream has no requests of its own: the host counts its frames. It begins slowly, and that is a part of it.</remarks>
    public void Run(TimeSpan warmUp, TimeSpan time, Times into)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(Peer.Address, Peer.SinkPort);
        var piece = new byte[Piece];
        long start = Stopwatch.GetTimestamp();
        long sent = 0;
        while (Stopwatch.GetElapsedTime(start) < warmUp + time)
            sent += socket.Send(piece);
        socket.Shutdown(SocketShutdown.Send);
        var count = new byte[sizeof(long)];
        for (int received = 0; received < count.Length;)
            received += socket.Receive(count.AsSpan(received)) is var read and > 0 ? read : throw new IOException("The sink has gone.");
        if (BitConverter.ToInt64(count) != sent)
            throw new IOException($"{sent} bytes were sent, and {BitConverter.ToInt64(count)} came.");
        into.Seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        into.Bytes += sent;
    }
}

using System.Net;
using System.Net.Sockets;

namespace VmBus.Switch.Guest;

/// <summary>The far end of the guest's network, beside the host: an echo, and a sink that says how much came.</summary>
/// <remarks>A thread each, which blocks in the kernel: no event loop and no pool in between.</remarks>
internal static class Peer
{
    /// <summary>Where it listens.</summary>
    public const int EchoPort = 7000, SinkPort = 7001;

    /// <summary>Where it is.</summary>
    public static readonly IPAddress Address = IPAddress.Parse("10.77.0.1");

    /// <summary>Serves until it is ended.</summary>
    public static void Run()
    {
        new Thread(() => Serve(SinkPort, Sink)).Start();
        Serve(EchoPort, Echo);
    }

    private static void Serve(int port, Action<Socket> serve)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen();
        while (true)
        {
            using Socket client = listener.Accept();
            client.NoDelay = true;
            serve(client);
        }
    }

    private static void Echo(Socket client)
    {
        var buffer = new byte[4096];
        int read;
        while ((read = client.Receive(buffer)) > 0)
            SendAll(client, buffer.AsSpan(0, read));
    }

    private static void Sink(Socket client)
    {
        var buffer = new byte[1 << 18];
        long total = 0;
        int read;
        while ((read = client.Receive(buffer)) > 0)
            total += read;
        SendAll(client, BitConverter.GetBytes(total));
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[socket.Send(bytes)..];
    }
}

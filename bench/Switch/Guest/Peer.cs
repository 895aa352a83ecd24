using System.Net;
using System.Net.Sockets;

namespace VmBus.Switch.Guest;

/// <summary>The far end of the guest's network, beside the host: an echo, and a sink that says how much came.</summary>
internal static class Peer
{
    /// <summary>Where it listens.</summary>
    public const int EchoPort = 7000, SinkPort = 7001;

    /// <summary>Where it is.</summary>
    public static readonly IPAddress Address = IPAddress.Parse("10.77.0.1");

    /// <summary>Serves until it is ended.</summary>
    public static async Task<int> RunAsync()
    {
        await Task.WhenAll(ServeAsync(EchoPort, EchoAsync), ServeAsync(SinkPort, SinkAsync));
        return 0;
    }

    private static async Task ServeAsync(int port, Func<Socket, Task> serve)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen();
        while (true)
        {
            using Socket client = await listener.AcceptAsync();
            client.NoDelay = true;
            await serve(client);
        }
    }

    private static async Task EchoAsync(Socket client)
    {
        var buffer = new byte[4096];
        int read;
        while ((read = await client.ReceiveAsync(buffer)) > 0)
            await SendAllAsync(client, buffer.AsMemory(0, read));
    }

    private static async Task SinkAsync(Socket client)
    {
        var buffer = new byte[1 << 18];
        long total = 0;
        int read;
        while ((read = await client.ReceiveAsync(buffer)) > 0)
            total += read;
        await SendAllAsync(client, BitConverter.GetBytes(total));
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }
}

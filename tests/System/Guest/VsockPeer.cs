// A process beside the host, at the other end of a guest's sockets.

using System.Net.Sockets;

namespace VmBus.SystemTest;

/// <summary>An echo that the guest connects to, and clients of an echo in the guest.</summary>
internal static class VsockPeer
{
    /// <summary>The port of the guest's echo, and of the echo here.</summary>
    public const uint GuestPort = 5000, HostPort = 6000;

    private const int Length = 20_000;

    /// <summary>Serves the guest until the end; has the guest serve so many clients at once, when it has connected for the first time.</summary>
    /// <param name="path">The host's door.</param>
    /// <param name="count">How many.</param>
    public static async Task<int> RunAsync(string path, int count)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{path}_{HostPort}"));
        listener.Listen(Math.Max(count, 20));
        Task serving = EchoAsync(await listener.AcceptAsync());
        Console.WriteLine("the guest has connected");
        serving = Task.WhenAll(serving, ServeAsync(listener));
        // One after the other: the guest opens each within the time that a host gives it.
        var all = new Socket[count];
        for (int number = 0; number < count; number++)
            all[number] = await ConnectSurelyAsync(path);
        Console.WriteLine($"{all.Length} connections to the guest are open");
        await Task.WhenAll(all.Select(AskAsync));
        Console.WriteLine($"{all.Length} connections to the guest, {Length} bytes there and back on each");
        await serving;
        return 0;
    }

    /// <summary>Sends bytes, ends, and has all of them back.</summary>
    public static Task AskAsync(Socket socket, int number) => AskAsync(socket, number, Length);

    /// <summary>Sends so many bytes, ends, and has all of them back.</summary>
    public static async Task AskAsync(Socket socket, int number, int length)
    {
        using (socket)
        {
            var sent = new byte[length];
            new Random(number).NextBytes(sent);
            using var got = new MemoryStream();
            Task sending = SendAsync();
            var buffer = new byte[65536];
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
                got.Write(buffer, 0, read);
            await sending;
            if (!got.ToArray().AsSpan().SequenceEqual(sent))
                throw new FailedException($"connection {number}: {got.Length} bytes came back of {sent.Length}, or others");

            async Task SendAsync()
            {
                int piece = Math.Max(3000, sent.Length / 128);
                for (int at = 0; at < sent.Length; at += piece)
                    await SendAllAsync(socket, sent.AsMemory(at, Math.Min(piece, sent.Length - at)));
                socket.Shutdown(SocketShutdown.Send);
            }
        }
    }

    /// <summary>Sends back what comes, and its end.</summary>
    public static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[65536];
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
                await SendAllAsync(socket, buffer.AsMemory(0, read));
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    private static async Task ServeAsync(Socket listener)
    {
        while (true)
            _ = EchoAsync(await listener.AcceptAsync());
    }

    // The door ends a client when the guest is too busy to open in time.
    private static async Task<Socket> ConnectSurelyAsync(string path)
    {
        Socket? socket;
        while ((socket = await ConnectAsync(path)) is null)
            await Task.Delay(100);
        return socket;
    }

    private static async Task<Socket?> ConnectAsync(string path)
    {
        try
        {
            return await Door.TryConnectAsync(path, GuestPort);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}

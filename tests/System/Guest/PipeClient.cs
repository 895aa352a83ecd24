using System.Net.Sockets;

namespace VmBus.SystemTest;

/// <summary>A process beside the host, at the other end of a guest's pipe: busybox's nc knows no Unix-domain sockets.</summary>
internal static class PipeClient
{
    /// <summary>Sends a file, takes as many bytes as it has, sends one more to say so, and goes.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="send">The file.</param>
    /// <param name="receive">What comes.</param>
    public static async Task<int> RunAsync(string path, string send, string receive)
    {
        byte[] sent = await File.ReadAllBytesAsync(send), got = new byte[sent.Length];
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await using var stream = new NetworkStream(socket);
        await Task.WhenAll(stream.WriteAsync(sent).AsTask(), stream.ReadExactlyAsync(got).AsTask());
        await File.WriteAllBytesAsync(receive, got);
        stream.WriteByte(1);
        Console.WriteLine($"{got.Length} bytes from the guest, and as many to it");
        return 0;
    }
}

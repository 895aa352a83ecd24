using System.Net.Sockets;
using System.Text;

namespace VmBus.SystemTest;

/// <summary>A client of the Unix-domain socket of <c>--device vsock=PATH</c>.</summary>
internal static class Door
{
    /// <summary>Connects to a port of the guest.</summary>
    /// <param name="path">The host's socket.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, or null when the host ended it: the guest did not take it in time.</returns>
    public static async Task<Socket?> TryConnectAsync(string path, uint port, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {port}\n"), cancellationToken);
            byte[] wanted = Encoding.ASCII.GetBytes($"OK {port}\n"), answer = new byte[wanted.Length];
            for (int at = 0, read; at < answer.Length; at += read)
            {
                read = await socket.ReceiveAsync(answer.AsMemory(at), cancellationToken);
                if (read == 0)
                {
                    socket.Dispose();
                    return null;
                }
            }
            return answer.AsSpan().SequenceEqual(wanted) ? socket : throw new FailedException($"the door said '{Encoding.ASCII.GetString(answer)}'");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

// Bytes both ways between a connection of the guest and a Unix-domain socket of the host.

using System.Buffers;
using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Devices;

namespace VmBus.Tool;

/// <summary>Carries bytes and ends. No more is taken from either side than one buffer: the ring and the socket are the queues.</summary>
[SupportedOSPlatform("linux")]
internal static class VsockRelay
{
    private const int BufferLength = 16384;

    /// <summary>Relays until both directions have ended, or either side is gone.</summary>
    /// <param name="stream">The guest's connection; not disposed.</param>
    /// <param name="socket">The socket; not disposed.</param>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="HvSocketException">The guest is gone while there is something to write to it.</exception>
    /// <exception cref="SocketException">The socket's other end is gone while there is something to send to it.</exception>
    public static async Task RunAsync(HvSocketStream stream, Socket socket, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task toSocket = ToSocketAsync(stream, socket, ending.Token);
        Task toGuest = ToGuestAsync(socket, stream, ending.Token);
        try
        {
            await await Task.WhenAny(toSocket, toGuest).ConfigureAwait(false);
            // A guest that only has ended its writing may read on; one that is gone reads nothing.
            await await Task.WhenAny(Task.WhenAll(toSocket, toGuest), GoneAsync(stream, toSocket)).ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(toSocket, toGuest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task GoneAsync(HvSocketStream stream, Task toSocket)
    {
        await stream.Completion.ConfigureAwait(false);
        await toSocket.ConfigureAwait(false);
    }

    private static async Task ToSocketAsync(HvSocketStream stream, Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                for (int sent = 0; sent < read;)
                    sent += await socket.SendAsync(buffer.AsMemory(sent, read - sent), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            }
            socket.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task ToGuestAsync(Socket socket, HvSocketStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            int received;
            while ((received = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false)) > 0)
                await stream.WriteAsync(buffer.AsMemory(0, received), cancellationToken).ConfigureAwait(false);
            stream.CompleteWriting();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

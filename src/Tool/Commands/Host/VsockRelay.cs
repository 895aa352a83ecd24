// Bytes both ways between a connection of the guest and a Unix-domain socket of the host.

using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Carries bytes and ends. No more is taken from either side than one buffer: the ring and the socket are the queues.</summary>
[SupportedOSPlatform("linux")]
internal static class VsockRelay
{
    private const int BufferLength = 16384;

    // Of a linger's time.
    private const int Looks = 10;

    /// <summary>Relays until both directions have ended, or either side is gone.</summary>
    /// <param name="stream">The guest's connection; not disposed.</param>
    /// <param name="socket">The socket; not disposed.</param>
    /// <param name="options">
    /// How long a guest that has said its end may take none of what a client left that is gone: <see cref="HvSocketOptions.LingerTimeout"/>.
    /// </param>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="HvSocketException">The guest is gone while there is something to write to it.</exception>
    /// <exception cref="SocketException">The socket's other end is gone while there is something to send to it.</exception>
    public static async Task RunAsync(HvSocketStream stream, Socket socket, HvSocketOptions options, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task toSocket = ToSocketAsync(stream, socket, ending.Token);
        var written = new StrongBox<long>();
        Task toGuest = ToGuestAsync(socket, stream, written, ending.Token);
        try
        {
            await await Task.WhenAny(toSocket, toGuest).ConfigureAwait(false);
            // A guest that only has ended its writing may read on; one that is gone reads nothing.
            await await Task.WhenAny(Task.WhenAll(toSocket, toGuest), GoneAsync(stream, toSocket), AbandonedAsync(socket, toSocket, written, options, ending.Token)).ConfigureAwait(false);
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

    // Linux's hv_sock says the same of a socket that is closed and of one whose writing has ended, and keeps the channel of either until
    // the host takes it away. What a client left that is gone is still the guest's, as long as the guest takes some of it.
    private static async Task AbandonedAsync(Socket socket, Task toSocket, StrongBox<long> written, HvSocketOptions options, CancellationToken cancellationToken)
    {
        await toSocket.ConfigureAwait(false);
        long before = -1;
        for (int stalled = 0; stalled < Looks;)
        {
            await Task.Delay(options.LingerTimeout / Looks, options.Clock, cancellationToken).ConfigureAwait(false);
            long now = Interlocked.Read(ref written.Value);
            bool isClientGone = (Poll.Wait((int)socket.Handle, PollEvents.None, TimeSpan.Zero) & PollEvents.HangUp) != 0;
            stalled = isClientGone && now == before ? stalled + 1 : 0;
            before = now;
        }
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

    private static async Task ToGuestAsync(Socket socket, HvSocketStream stream, StrongBox<long> written, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            int received;
            while ((received = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, received), cancellationToken).ConfigureAwait(false);
                Interlocked.Add(ref written.Value, received);
            }
            stream.CompleteWriting();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

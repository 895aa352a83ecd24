// A stream over a socket of AF_VSOCK whose transport cannot be peeked: hvs_stream_dequeue of Linux net/vmw_vsock/hyperv_transport.c.

using System.Net.Sockets;

namespace VmBus.Linux;

/// <summary>
/// Reads of no bytes end when there is something to read, or the end. .NET does them by <c>MSG_PEEK</c>, and <c>hv_sock</c> refuses that
/// when something is there.
/// </summary>
/// <param name="socket">The connection, which is the stream's from now on.</param>
internal sealed class VsockStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? WaitAsync(cancellationToken) : base.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    /// <remarks>What reads into a span comes here, too: <see cref="NetworkStream"/> has it so for classes over it.</remarks>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return count == 0 ? WaitAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() : base.Read(buffer, offset, count);
    }

    private async ValueTask<int> WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            // Asks by poll first, which costs less than the exception.
            if (!Socket.Poll(0, SelectMode.SelectRead))
                await base.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException refused) when (refused.InnerException is SocketException { SocketErrorCode: SocketError.OperationNotSupported })
        {
            // Something came since the poll.
        }
        return 0;
    }
}

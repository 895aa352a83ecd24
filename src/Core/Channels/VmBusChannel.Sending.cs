// Sending that waits for room.

using VmBus.Layout;

namespace VmBus;

partial class VmBusChannel
{
    /// <summary>Sends one in-band packet; waits for room on the calling thread where there is none.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="transactionId">Carried to the reader.</param>
    /// <param name="flags">Whether a completion is wanted.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; nothing was sent then.</param>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public void Send(ReadOnlySpan<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(payload, transactionId, flags, urgency))
        {
            if (!WaitToWrite(payload.Length, Timeout.InfiniteTimeSpan, cancellationToken))
                ThrowEnded();
        }
    }

    /// <summary>Sends one in-band packet, as soon as there is room: <see cref="Send"/> without a thread.</summary>
    /// <inheritdoc cref="Send"/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(payload.Span, transactionId, flags, urgency))
        {
            if (!await WaitToWriteAsync(payload.Length, cancellationToken).ConfigureAwait(false))
                ThrowEnded();
        }
    }

    private void ThrowEnded()
    {
        ThrowIfDisposed();
        throw new PeerDisconnectedException(_disconnected?.Message ?? "The other side is gone.");
    }
}

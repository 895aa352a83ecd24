// Sending that waits for room.

namespace VmBus;

partial class VmBusChannel
{
    /// <summary>Sends one in-band packet; waits for room on the calling thread where there is none.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; nothing was sent then.</param>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public void Send(ReadOnlySpan<byte> payload, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
        => Send(payload, new SendOptions { Urgency = urgency }, cancellationToken);

    /// <summary>
    /// Sends one in-band packet with a transaction id or a request for a completion; waits for room on the calling thread.
    /// </summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="options">Transaction id, flags and urgency.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; nothing was sent then.</param>
    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, Urgency, CancellationToken)" path="/*[self::returns or self::remarks or self::exception]"/>
    public void Send(ReadOnlySpan<byte> payload, SendOptions options, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(payload, options))
        {
            if (!WaitToWrite(payload.Length, Timeout.InfiniteTimeSpan, cancellationToken))
                ThrowEnded();
        }
    }

    /// <summary>Sends one in-band packet, as soon as there is room: <c>Send</c> without a thread.</summary>
    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, Urgency, CancellationToken)"/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
        => SendAsync(payload, new SendOptions { Urgency = urgency }, cancellationToken);

    /// <summary>Sends one in-band packet, as soon as there is room: <c>Send</c> without a thread.</summary>
    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SendOptions, CancellationToken)"/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> payload, SendOptions options, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(payload.Span, options))
        {
            if (!await WaitToWriteAsync(payload.Length, cancellationToken).ConfigureAwait(false))
                ThrowEnded();
        }
    }

    /// <summary>Answers a packet that asked for a completion (<c>VM_PKT_COMP</c>), as soon as there is room.</summary>
    /// <param name="payload">The answer; may be empty. Padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="transactionId">The transaction id of the packet that is answered.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; nothing was sent then.</param>
    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, Urgency, CancellationToken)" path="/*[self::returns or self::remarks or self::exception]"/>
    public async ValueTask SendCompletionAsync(ReadOnlyMemory<byte> payload, ulong transactionId, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(OutgoingPacket.Completion(payload.Span, transactionId), urgency))
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

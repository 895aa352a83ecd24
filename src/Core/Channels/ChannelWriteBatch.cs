// A batch of packets on a channel: one publication, at most one signal.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>Packets sent together. Packets that are not committed are discarded on <see cref="Dispose"/>.</summary>
/// <remarks>Belongs to the thread that began it. See <see cref="OutgoingBatch"/>.</remarks>
public ref struct ChannelWriteBatch
{
    private readonly VmBusChannel _channel;
    private OutgoingBatch _batch;

    internal ChannelWriteBatch(VmBusChannel channel, OutgoingBatch batch)
    {
        _channel = channel;
        _batch = batch;
    }

    /// <inheritdoc cref="OutgoingBatch.TryAdd(ReadOnlySpan{byte}, ulong, PacketFlags)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryAdd(ReadOnlySpan<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None)
        => _batch.TryAdd(payload, transactionId, flags);

    /// <inheritdoc cref="OutgoingBatch.TryAdd(in OutgoingPacket)"/>
    public readonly bool TryAdd(in OutgoingPacket packet) => _batch.TryAdd(packet);

    /// <inheritdoc cref="OutgoingBatch.TryReserve"/>
    public readonly bool TryReserve(int payloadLength, out Span<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None)
        => _batch.TryReserve(payloadLength, out payload, transactionId, flags);

    /// <inheritdoc cref="OutgoingBatch.Revert"/>
    public readonly void Revert() => _batch.Revert();

    /// <summary>Publishes the batch, signals if the other side needs it, and ends the batch.</summary>
    /// <param name="urgency">How soon to signal the other side.</param>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit(Urgency urgency = Urgency.Normal) => _channel.AfterWrite(_batch.Commit(), urgency);

    /// <summary>Ends the batch and discards packets that were not committed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _batch.Dispose();
}

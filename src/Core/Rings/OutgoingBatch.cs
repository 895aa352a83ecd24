// Several packets, one publication. Mirrors OpenVMM's OutgoingOffset with commit and revert (vmbus_ring/src/lib.rs).

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>
/// Packets that become visible together: one index write, one fence, at most one signal. Packets that are not committed
/// are discarded on <see cref="Dispose"/>.
/// </summary>
/// <remarks>Belongs to the thread that began it. While it is open, other writes to its ring throw.</remarks>
public ref struct OutgoingBatch
{
    // Assigned once, so that it stays in a register across the finally of a using; another field says that the batch ended.
    private readonly OutgoingRing _ring;
    private bool _open;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal OutgoingBatch(OutgoingRing ring)
    {
        _ring = ring;
        _open = true;
    }

    /// <summary>Adds an in-band packet.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="transactionId">Sent to the reader.</param>
    /// <param name="flags">Whether to request a completion.</param>
    /// <returns><see langword="false"/> when there is no room for it; packets added before stay in the batch.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The reader wrote an invalid index.</exception>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryAdd(ReadOnlySpan<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None)
        => Ring.TryAppend(payload, transactionId, flags);

    /// <summary>Adds a packet of any type.</summary>
    /// <param name="packet">The packet.</param>
    /// <returns><see langword="false"/> when there is no room for it; packets added before stay in the batch.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The reader wrote an invalid index.</exception>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    public readonly bool TryAdd(in OutgoingPacket packet) => Ring.TryAppend(packet);

    /// <summary>Adds an in-band packet whose payload the caller writes in place.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="payload">
    /// Where to write it, before the batch is committed. Not zeroed: it holds the earlier contents of the ring or, for a
    /// packet that wraps in a ring mapped once, of the ring's private buffer.
    /// </param>
    /// <param name="transactionId">Sent to the reader.</param>
    /// <param name="flags">Whether to request a completion.</param>
    /// <returns><see langword="false"/> when there is no room for it; packets added before stay in the batch.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The reader wrote an invalid index.</exception>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    public readonly bool TryReserve(int payloadLength, out Span<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None)
        => Ring.TryReserve(payloadLength, transactionId, flags, out payload);

    /// <summary>Removes every packet added since the batch began.</summary>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    public readonly void Revert() => Ring.Revert();

    /// <summary>Publishes the batch and ends it.</summary>
    /// <returns>Whether the reader must be signalled, and if not, why not.</returns>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SignalNeed Commit()
    {
        OutgoingRing ring = Ring;
        _open = false;
        SignalNeed need = ring.Publish();
        ring.EndBatch();
        return need;
    }

    /// <summary>Ends the batch and discards packets that were not committed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        if (!_open)
            return;
        _open = false;
        _ring.GiveUpBatch();
    }

    private readonly OutgoingRing Ring
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (!_open)
                ThrowEnded();
            return _ring;
        }
    }

    [DoesNotReturn]
    private static void ThrowEnded() => throw new ObjectDisposedException(nameof(OutgoingBatch));
}

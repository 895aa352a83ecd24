// Several packets, one publication of the read index. Mirrors foreach_vmbus_pkt and hv_pkt_iter_close (Linux
// include/linux/hyperv.h, drivers/hv/ring_buffer.c).

using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>
/// Packets read together. <see cref="Commit"/> frees their room for the writer with one publication. Packets
/// that are not committed when the batch is disposed are read again.
/// </summary>
/// <remarks>
/// Belongs to the thread that began it; one batch at a time. A packet is valid until the next call on the batch.
/// </remarks>
public readonly ref struct IncomingBatch
{
    private readonly IncomingRing? _ring;   // null only in a batch that no ring began

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IncomingBatch(IncomingRing ring)
    {
        _ring = ring;
    }

    /// <summary>Reads the next packet.</summary>
    /// <param name="packet">The packet; valid until the next call on this batch.</param>
    /// <returns><see langword="false"/> when the ring holds no more.</returns>
    /// <exception cref="RingCorruptException">The writer wrote an invalid value; the ring is faulted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNext(out RingPacket packet) => _ring!.TryTake(out packet);

    /// <summary>Frees the room of the packets read so far for the writer. The batch can continue afterwards.</summary>
    /// <returns><see langword="true"/> when the writer waits for this room and must be signalled.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Commit() => _ring!.Publish();

    /// <summary>Ends the batch. Packets that are not committed are read again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _ring?.Revert();
}

// Several packets, one publication of the read index. Mirrors foreach_vmbus_pkt and hv_pkt_iter_close (Linux
// include/linux/hyperv.h, drivers/hv/ring_buffer.c).

using System.Runtime.CompilerServices;

namespace VmBus.Rings;

/// <summary>
/// Packets taken together: their room goes back to the writer with one publication, on <see cref="Commit"/>. What was
/// taken and not committed will be taken again.
/// </summary>
/// <remarks>
/// Belongs to the thread that began it; one batch at a time. A packet is valid until the next call on the batch.
/// </remarks>
public ref struct IncomingBatch
{
    private IncomingRing? _ring;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IncomingBatch(IncomingRing ring)
    {
        _ring = ring;
    }

    /// <summary>Takes the next packet.</summary>
    /// <param name="packet">The packet; valid until the next call on this batch.</param>
    /// <returns><see langword="false"/> when the ring holds no more.</returns>
    /// <exception cref="RingCorruptException">The writer wrote something impossible; the ring is faulted.</exception>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryNext(out RingPacket packet) => Ring.TryTake(out packet);

    /// <summary>Gives the room of the packets taken back to the writer and ends the batch.</summary>
    /// <returns><see langword="true"/> when the writer waits for just this room and must be signalled.</returns>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Commit()
    {
        IncomingRing ring = Ring;
        _ring = null;
        return ring.Publish();
    }

    /// <summary>Ends the batch; packets taken and not committed will be taken again.</summary>
    public void Dispose()
    {
        _ring?.Revert();
        _ring = null;
    }

    private readonly IncomingRing Ring => _ring ?? throw new ObjectDisposedException(nameof(IncomingBatch));
}

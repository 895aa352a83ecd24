// Several packets, one publication of the read index. Mirrors foreach_vmbus_pkt and hv_pkt_iter_close (Linux
// include/linux/hyperv.h, drivers/hv/ring_buffer.c).

using System.Diagnostics.CodeAnalysis;
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
    // Assigned once, so that it stays in a register across the finally of a using; that the batch ended is said apart.
    private readonly IncomingRing _ring;
    private int _state;     // 0 when it has ended, or never began; else 1 and the packets taken

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IncomingBatch(IncomingRing ring)
    {
        _ring = ring;
        _state = 1;
    }

    /// <summary>Takes the next packet.</summary>
    /// <param name="packet">The packet; valid until the next call on this batch.</param>
    /// <returns><see langword="false"/> when the ring holds no more.</returns>
    /// <exception cref="RingCorruptException">The writer wrote something impossible; the ring is faulted.</exception>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNext(out RingPacket packet)
    {
        if (_state == 0)
            ThrowEnded();
        if (!_ring.TryTake(out packet))
            return false;
        _state++;
        return true;
    }

    /// <summary>Gives the room of the packets taken back to the writer and ends the batch.</summary>
    /// <returns><see langword="true"/> when the writer waits for just this room and must be signalled.</returns>
    /// <exception cref="ObjectDisposedException">The batch was committed or disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Commit()
    {
        int state = _state;
        if (state == 0)
            ThrowEnded();
        _state = 0;
        return state != 1 && _ring.Publish(state - 1);
    }

    /// <summary>Ends the batch; packets taken and not committed will be taken again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        if (_state > 1)
            _ring.Revert();
        _state = 0;
    }

    [DoesNotReturn]
    private static void ThrowEnded() => throw new ObjectDisposedException(nameof(IncomingBatch));
}

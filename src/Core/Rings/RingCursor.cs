using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>One side's position in a ring: the index that the other side knows, and how far this side is beyond it.</summary>
internal struct RingCursor
{
    /// <summary>The index the other side knows.</summary>
    public uint Committed;

    /// <summary>Where the next packet goes or comes from: ahead of <see cref="Committed"/> inside a batch.</summary>
    public uint Next;

    private readonly uint _startedAt;
    private long _laps;     // times Next went around: with it, bytes need no counter

    public RingCursor(uint start)
    {
        Committed = Next = _startedAt = start;
    }

    /// <summary><see cref="Next"/>, distinguished from the same index a lap before.</summary>
    public readonly (long Laps, uint Next) Position => (_laps, Next);

    /// <summary>The index behind a packet; the lap is counted, the index is the caller's to store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Advance(uint at, uint total, uint size)
    {
        uint next = at + total;
        if (next < size)
            return next;
        _laps++;
        return next - size;
    }

    /// <summary>Discards what is not committed: less than a lap.</summary>
    public void GoBack()
    {
        if (Next < Committed)
            _laps--;
        Next = Committed;
    }

    /// <summary>Bytes committed since the start.</summary>
    public readonly long Bytes(uint size) => (_laps - (Next < Committed ? 1 : 0)) * size + Committed - _startedAt;
}

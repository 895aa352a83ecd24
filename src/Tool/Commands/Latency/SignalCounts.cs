namespace VmBus.Tool;

/// <summary>What became of each decision "does the host need a signal?" from guest to host.</summary>
internal readonly record struct SignalCounts
{
    /// <summary>Signals left in the monitor page for the scan.</summary>
    public long Monitored { get; init; }

    /// <summary>Signals sent by hypercall, promotions included.</summary>
    public long Hypercall { get; init; }

    /// <summary>
    /// Those hypercalls that an urgent message needed because a monitored signal was still pending and would have come
    /// too late.
    /// </summary>
    public long Promoted { get; init; }

    /// <summary>No signal: the host had masked interrupts and will look again by itself.</summary>
    public long SuppressedMasked { get; init; }

    /// <summary>No signal: the ring was not empty, so the host has one coming or is reading.</summary>
    public long SuppressedNotEmpty { get; init; }

    /// <summary>Every decision for no signal.</summary>
    public long None => SuppressedMasked + SuppressedNotEmpty;

    /// <summary>The sums of two counts, kind by kind.</summary>
    public static SignalCounts operator +(SignalCounts left, SignalCounts right) => new()
    {
        Monitored = left.Monitored + right.Monitored,
        Hypercall = left.Hypercall + right.Hypercall,
        Promoted = left.Promoted + right.Promoted,
        SuppressedMasked = left.SuppressedMasked + right.SuppressedMasked,
        SuppressedNotEmpty = left.SuppressedNotEmpty + right.SuppressedNotEmpty,
    };
}

namespace VmBus.Tool.Latency;

/// <summary>What became of each decision "does the host need a signal?" from guest to host. The kinds are disjoint.</summary>
internal readonly record struct SignalCounts
{
    /// <summary>Signals left in the monitor page for the scan.</summary>
    public long Monitored { get; init; }

    /// <summary>Signals sent by hypercall because the ring went from empty to non-empty.</summary>
    public long Hypercall { get; init; }

    /// <summary>
    /// Hypercalls for an urgent message that found a monitored signal still pending: the pending one would have come
    /// too late. Not counted in <see cref="Hypercall"/>.
    /// </summary>
    public long Promoted { get; init; }

    /// <summary>No signal: the host had masked interrupts and will look again by itself.</summary>
    public long SuppressedMasked { get; init; }

    /// <summary>No signal: the ring was not empty, so the host has one coming or is reading.</summary>
    public long SuppressedNotEmpty { get; init; }

    /// <summary>Every intercept: hypercalls and promotions.</summary>
    public long Immediate => Hypercall + Promoted;

    /// <summary>Every decision for no signal.</summary>
    public long None => SuppressedMasked + SuppressedNotEmpty;

    /// <summary>The sums of two counts, kind by kind.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>The sums.</returns>
    public static SignalCounts operator +(SignalCounts left, SignalCounts right) => new()
    {
        Monitored = left.Monitored + right.Monitored,
        Hypercall = left.Hypercall + right.Hypercall,
        Promoted = left.Promoted + right.Promoted,
        SuppressedMasked = left.SuppressedMasked + right.SuppressedMasked,
        SuppressedNotEmpty = left.SuppressedNotEmpty + right.SuppressedNotEmpty,
    };
}

namespace VmBus.Tool;

/// <summary>What was asked of <c>vmbus top</c>.</summary>
internal sealed record TopOptions
{
    /// <summary>The time between readings.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many readings to make; <see langword="null"/> for no end.</summary>
    public int? Count { get; init; }

    /// <summary>Whether to show the last reading only.</summary>
    public bool IsOnce { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The column to sort by at first.</summary>
    public TopColumn Sort { get; init; } = TopColumns.Default;

    /// <summary>Whether to turn its own direction round.</summary>
    public bool IsReversed { get; init; }

    /// <summary>How many readings there are, at least.</summary>
    public int Readings => Count ?? (IsOnce ? 1 : int.MaxValue);
}

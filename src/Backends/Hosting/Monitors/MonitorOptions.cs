// The freedoms the TLFS leaves to a hypervisor that examines monitor pages (TLFS 6.0b, 11.7 and 11.10.8).

namespace VmBus.Hosting;

/// <summary>How the monitor scan reads latency hints and armed bits.</summary>
public sealed record MonitorOptions
{
    /// <summary>The longest latency a page can name: 65535 units of 100 ns.</summary>
    public static readonly TimeSpan LongestLatency = TimeSpan.FromTicks(ushort.MaxValue);

    /// <summary>A shorter hint, zero included, is raised to this.</summary>
    public TimeSpan MinLatency { get; init; } = TimeSpan.FromMicroseconds(1);

    /// <summary>A longer hint is lowered to this.</summary>
    public TimeSpan MaxLatency { get; init; } = LongestLatency;

    /// <summary>How often a page is examined while none of its groups is enabled.</summary>
    public TimeSpan DisabledInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Whether a pending bit whose armed bit is clear waits one examination more (and becomes armed by it), so that a
    /// signal is deferred by at least the latency.
    /// </summary>
    /// <remarks>
    /// By the letter of <c>HV_MONITOR_TRIGGER_GROUP</c> the signaller clears armed in the update that sets pending, and
    /// then waits 1 to 2 windows. Every known guest sets pending only and leaves armed alone, so that its bit, once
    /// armed, stays armed and waits 0 to 1 window. Registering a monitor arms it, so that the first message waits no
    /// longer than the others. When this is <see langword="false"/> armed bits are neither read nor written.
    /// </remarks>
    public bool HonourArmed { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MinLatency.Ticks, 1, nameof(MinLatency));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxLatency, LongestLatency);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MinLatency, MaxLatency);
        ArgumentOutOfRangeException.ThrowIfLessThan(DisabledInterval.Ticks, 1, nameof(DisabledInterval));
    }
}

// The freedoms the TLFS leaves to a hypervisor that examines monitor pages (TLFS 6.0b, 11.7 and 11.10.8).

namespace VmBus.Hosting;

/// <summary>How the monitor scan reads latency hints and armed bits.</summary>
public sealed record MonitorOptions
{
    /// <summary>The longest latency that a page can hold: 65535 units of 100 ns.</summary>
    public static readonly TimeSpan LongestLatency = TimeSpan.FromTicks(ushort.MaxValue);

    /// <summary>Shorter hints, including zero, are raised to this value.</summary>
    public TimeSpan MinLatency { get; init; } = TimeSpan.FromMicroseconds(1);

    /// <summary>Longer hints are lowered to this value.</summary>
    public TimeSpan MaxLatency { get; init; } = LongestLatency;

    /// <summary>The inspection interval of a page while none of its groups is enabled.</summary>
    public TimeSpan DisabledInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Whether a pending bit whose armed bit is clear waits one more inspection (which arms it), so that a
    /// signal is deferred by at least the latency.
    /// </summary>
    /// <remarks>
    /// According to <c>HV_MONITOR_TRIGGER_GROUP</c>, the signaller clears armed in the update that sets pending, and
    /// then waits 1 to 2 windows. Every known guest sets only pending and does not change armed. So its bit, once
    /// armed, stays armed and waits 0 to 1 window. Registering a monitor arms it, so that the first message waits no
    /// longer than the others. If this is <see langword="false"/>, armed bits are neither read nor written.
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

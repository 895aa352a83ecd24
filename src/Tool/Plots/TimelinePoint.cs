namespace VmBus.Tool;

/// <summary>What one mode did in one slice of time.</summary>
/// <param name="At">The middle of the slice, from the start of the run.</param>
/// <param name="LatencyP50">The median latency in the slice, in nanoseconds.</param>
/// <param name="PacketsPerWakeup">Packets for each host wakeup in the slice, or <see langword="null"/> without one.</param>
internal readonly record struct TimelinePoint(TimeSpan At, double LatencyP50, double? PacketsPerWakeup);

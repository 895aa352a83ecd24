namespace VmBus.Tool;

/// <summary>What one mode did over the time of a run.</summary>
internal sealed record TimelineSeries(SignalMode Mode, IReadOnlyList<TimelinePoint> Points);

namespace VmBus.Tool;

/// <summary>What one mode did over the time of a run.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="Points">Its slices, in order of time.</param>
internal sealed record TimelineSeries(SignalMode Mode, IReadOnlyList<TimelinePoint> Points);

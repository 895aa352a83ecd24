namespace VmBus.Compare;

/// <summary>One slice measured.</summary>
/// <param name="Nanoseconds">Per packet, or per way of a ping-pong.</param>
/// <param name="Calibration">The slowest calibration beside it, in ticks.</param>
/// <param name="Preempted">Whether a thread was without its core for more than a hundredth of the time.</param>
/// <param name="Line">A cache line's round trip between the two threads, before or behind the slice, the shorter; 0 for one thread.</param>
/// <param name="LineAtMost">The longer.</param>
internal readonly record struct Sample(double Nanoseconds, long Calibration, bool Preempted, double Line = 0, double LineAtMost = 0);

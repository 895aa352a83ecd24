namespace VmBus.Compare;

/// <summary>One slice measured.</summary>
/// <param name="Nanoseconds">Per packet, or per way of a ping-pong.</param>
/// <param name="Calibration">The slowest calibration beside it, in ticks.</param>
/// <param name="Preempted">Whether a thread was without its core for more than a hundredth of the time.</param>
internal readonly record struct Sample(double Nanoseconds, long Calibration, bool Preempted);

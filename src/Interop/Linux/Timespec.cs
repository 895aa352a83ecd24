// Seconds and nanoseconds as the kernel takes them. Mirrors struct timespec on LP64, 16 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct Timespec
{
    internal long Seconds;       // tv_sec
    internal long Nanoseconds;   // tv_nsec, below 1000000000

    private const long NanosecondsPerTick = 1_000_000_000 / TimeSpan.TicksPerSecond;

    // A tick of a TimeSpan is 100 ns.
    internal static Timespec From(TimeSpan time) => new()
    {
        Seconds = time.Ticks / TimeSpan.TicksPerSecond,
        Nanoseconds = time.Ticks % TimeSpan.TicksPerSecond * NanosecondsPerTick,
    };

    internal readonly TimeSpan ToTimeSpan() =>
        new(checked(Seconds * TimeSpan.TicksPerSecond + Nanoseconds / NanosecondsPerTick));

    // Durations that calls take: TimeSpan.Zero and more, or infinite.
    internal static void CheckTimeout(TimeSpan timeout, string parameter)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(parameter, timeout, "A time to wait is zero or more, or Timeout.InfiniteTimeSpan.");
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace VmBus.Compare;

/// <summary>
/// A stretch of work that takes the same number of cycles each time: when it takes longer, the machine was doing
/// something else, and so was what was measured beside it.
/// </summary>
internal static class Calibration
{
    /// <summary>How much longer than on a quiet machine still counts as quiet.</summary>
    public const double Tolerance = 1.04;

    private const int Steps = 50_000;

    /// <summary>Does the work: multiplications that wait for one another, about 60 microseconds.</summary>
    /// <returns>Ticks of the stopwatch.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Run()
    {
        long start = Stopwatch.GetTimestamp();
        ulong value = 1;
        for (int i = 0; i < Steps; i++)
            value = value * 6364136223846793005 + 1442695040888963407;
        long ticks = Stopwatch.GetTimestamp() - start;

        // Never true: the sequence has no zero this early. Only so that the work cannot be left out.
        return value == 0 ? -1 : ticks;
    }
}

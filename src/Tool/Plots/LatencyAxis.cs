// Axes of a latency plot: nanoseconds on a log scale, and percentiles spread by their nines.

using ScottPlot;
using ScottPlot.TickGenerators;

namespace VmBus.Tool;

/// <summary>Where a latency or a percentile lies on its axis, and the ticks there.</summary>
internal static class LatencyAxis
{
    private static readonly (double Percentile, string Label)[] PercentileTicks =
        [(0, "min"), (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"), (99.999, "99.999 %")];

    /// <summary>The place of a latency: its decimal logarithm.</summary>
    /// <param name="nanoseconds">The latency; below 1 counts as 1.</param>
    public static double Place(double nanoseconds) => Math.Log10(Math.Max(1, nanoseconds));

    /// <summary>The place of a percentile: each nine takes the same room.</summary>
    /// <param name="percentile">0 to below 100.</param>
    /// <returns>The place: 0 for 0, 1 for 90, 2 for 99.</returns>
    public static double PercentilePlace(double percentile) => -Math.Log10(1 - percentile / 100);

    /// <summary>Room above the highest decade, so that the label there is not cut off.</summary>
    /// <param name="most">The most shown on a logarithmic axis, at least 1.</param>
    public static double Headroom(double most)
    {
        const double Room = 0.15;
        double place = Place(most);
        double below = place - Math.Floor(place);
        return below < Room ? Math.Pow(10, Math.Floor(place) + Room) : most;
    }

    /// <summary>Ticks at the decades between two latencies, with the steps between them as minor ticks.</summary>
    /// <param name="least">The least latency shown.</param>
    /// <param name="most">The most latency shown.</param>
    public static ITickGenerator Latencies(double least, double most)
    {
        NumericManual ticks = new();
        int first = (int)Math.Floor(Place(least));
        int last = (int)Math.Ceiling(Place(most));
        for (int decade = first; decade <= last; decade++)
        {
            ticks.AddMajor(decade, DecadeLabel(decade));
            for (int step = 2; step < 10; step++)
                ticks.AddMinor(decade + Math.Log10(step));
        }

        return ticks;
    }

    /// <summary>Ticks at the percentiles people ask for.</summary>
    public static ITickGenerator Percentiles(double most)
    {
        NumericManual ticks = new();
        foreach ((double percentile, string label) in PercentileTicks)
        {
            if (PercentilePlace(percentile) <= most + 0.01)
                ticks.AddMajor(PercentilePlace(percentile), label);
        }

        return ticks;
    }

    private static string DecadeLabel(int decade) => decade switch
    {
        < 3 => $"{Math.Pow(10, decade):0} ns",
        < 6 => $"{Math.Pow(10, decade - 3):0} µs",
        < 9 => $"{Math.Pow(10, decade - 6):0} ms",
        _ => $"{Math.Pow(10, decade - 9):0} s",
    };
}

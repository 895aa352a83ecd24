namespace VmBus.Compare;

/// <summary>What one contender took in one case.</summary>
/// <param name="Contender">Its name.</param>
/// <param name="Nanoseconds">The median of what was kept, per packet or per way; NaN when nothing was.</param>
/// <param name="LowerQuartile">A quarter of what was kept is below.</param>
/// <param name="UpperQuartile">A quarter of what was kept is above.</param>
/// <param name="Kept">Samples the machine left alone.</param>
/// <param name="Taken">Samples in all.</param>
internal sealed record Measured(string Contender, double Nanoseconds, double LowerQuartile, double UpperQuartile, int Kept, int Taken)
{
    /// <summary>Fewer samples kept than this are no figure.</summary>
    public const int Fewest = 10;

    /// <summary>Keeps the samples that were not disturbed.</summary>
    /// <param name="contender">Its name.</param>
    /// <param name="samples">All of them.</param>
    /// <param name="quiet">The calibration of a quiet machine, in ticks.</param>
    /// <param name="distance">Where the two threads ran.</param>
    public static Measured From(string contender, IReadOnlyCollection<Sample> samples, long quiet, CoreDistance distance)
    {
        double[] kept =
        [
            .. from sample in samples
               where !sample.Preempted && sample.Calibration <= quiet * Calibration.Tolerance && distance.Includes(sample)
               orderby sample.Nanoseconds
               select sample.Nanoseconds,
        ];
        return new Measured(contender, At(kept, .5), At(kept, .25), At(kept, .75), kept.Length, samples.Count);
    }

    private static double At(double[] sorted, double quantile)
    {
        if (sorted.Length == 0)
            return double.NaN;
        double place = quantile * (sorted.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
    }
}

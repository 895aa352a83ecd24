namespace VmBus.Compare;

/// <summary>What all contenders took in one case.</summary>
/// <param name="Case">What was measured.</param>
/// <param name="Contenders">In the order of the tables.</param>
internal sealed record CaseResult(Case Case, IReadOnlyList<Measured> Contenders)
{
    /// <summary>A cache line's round trip between the two threads, in nanoseconds, the median; NaN for one thread.</summary>
    public double Line { get; init; } = double.NaN;

    /// <summary>How many of the slices had the threads about so far apart, from 0 to 1; the others are dropped.</summary>
    public double LineShare { get; init; } = 1;

    /// <summary>Whether enough samples of a contender were kept for its time to be a figure.</summary>
    public bool IsFigure(string contender) => Kept(contender) >= Measured.Fewest;

    /// <summary>A contender's time, or NaN where it did not take part.</summary>
    /// <param name="contender">Its name.</param>
    public double Nanoseconds(string contender)
        => Contenders.FirstOrDefault(measured => measured.Contender == contender)?.Nanoseconds ?? double.NaN;

    /// <summary>Samples of a contender that the machine left alone; 0 where it did not take part.</summary>
    /// <param name="contender">Its name.</param>
    public int Kept(string contender) => Contenders.FirstOrDefault(measured => measured.Contender == contender)?.Kept ?? 0;

    /// <summary>Our time as a multiple of another's: below 1 we are faster.</summary>
    /// <param name="other">The other's name.</param>
    public double Ratio(string other) => Ratio(Names.Ours, other);

    /// <summary>One contender's time as a multiple of another's.</summary>
    public double Ratio(string contender, string other) => Nanoseconds(contender) / Nanoseconds(other);
}

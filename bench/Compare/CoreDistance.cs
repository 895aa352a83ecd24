namespace VmBus.Compare;

/// <summary>Which slices of a case were measured with the two threads equally far apart: near each other or far, whichever were more.</summary>
/// <param name="AtLeast">The shortest round trip of a line that counts, in nanoseconds.</param>
/// <param name="AtMost">The longest.</param>
/// <param name="Median">The median of those that count; NaN for one thread.</param>
/// <param name="Share">How many of all slices they are, from 0 to 1.</param>
internal sealed record CoreDistance(double AtLeast, double AtMost, double Median, double Share)
{
    // Near and far differ by 3 to 4 times.
    private const double NearAtMost = 2;

    /// <summary>Looks at the probes beside a case's slices.</summary>
    public static CoreDistance Of(IReadOnlyCollection<Sample> samples)
    {
        double[] lines = [.. samples.Where(sample => sample.Line > 0).Select(sample => sample.Line).Order()];
        if (lines.Length == 0)
            return new CoreDistance(0, double.MaxValue, double.NaN, 1);
        double border = NearAtMost * lines[lines.Length / 10];
        double[] near = [.. lines.TakeWhile(line => line <= border)];
        double[] more = 2 * near.Length >= lines.Length ? near : lines[near.Length..];
        (double atLeast, double atMost) = more == near ? (0, border) : (border, double.MaxValue);
        return new CoreDistance(atLeast, atMost, more[more.Length / 2], (double)more.Length / lines.Length);
    }

    /// <summary>Whether a slice counts: before it and behind it the threads were as far apart.</summary>
    public bool Includes(Sample sample) => sample.Line >= AtLeast && sample.LineAtMost <= AtMost;
}

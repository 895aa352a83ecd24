// Latencies of one cell: an HdrHistogram from 1 ns to 10 minutes at three digits, which can be merged with another
// and carried between processes.

using HdrHistogram;

namespace VmBus.Tool;

/// <summary>
/// Latencies in nanoseconds, every value kept to three significant digits. Recording allocates nothing. Not
/// thread-safe: one histogram a thread, merged by <see cref="Add"/> at the end.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>The largest value kept; larger ones count as this one: 10 minutes.</summary>
    public const long MaxNanoseconds = 600_000_000_000;

    private const int SignificantDigits = 3;

    private readonly LongHistogram _values = new(1, MaxNanoseconds, SignificantDigits);

    /// <summary>How many latencies were recorded.</summary>
    public long Count => _values.TotalCount;

    /// <summary>The lowest latency in nanoseconds, 0 when none was recorded.</summary>
    public long Min => Count == 0 ? 0 : _values.LowestEquivalentValue(_values.GetValueAtPercentile(0));

    /// <summary>The highest latency in nanoseconds, 0 when none was recorded.</summary>
    public long Max => Count == 0 ? 0 : _values.GetMaxValue();

    /// <summary>The mean latency in nanoseconds, 0 when none was recorded.</summary>
    public double Mean => Count == 0 ? 0 : _values.GetMean();

    /// <summary>Records one latency.</summary>
    /// <param name="nanoseconds">
    /// The latency. A value below 1 counts as 1 (two clock reads may fall into one tick), one above
    /// <see cref="MaxNanoseconds"/> as that.
    /// </param>
    public void Record(long nanoseconds) => _values.RecordValue(Math.Clamp(nanoseconds, 1, MaxNanoseconds));

    /// <summary>Records one latency many times.</summary>
    /// <param name="nanoseconds">The latency, limited as in <see cref="Record(long)"/>.</param>
    /// <param name="count">How many times, at least 1.</param>
    public void Record(long nanoseconds, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _values.RecordValueWithCount(Math.Clamp(nanoseconds, 1, MaxNanoseconds), count);
    }

    /// <summary>Adds all that another histogram holds.</summary>
    public void Add(LatencyHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _values.Add(other._values);
    }

    /// <summary>The latency that a percentage of all messages did not exceed.</summary>
    /// <param name="percentile">0 to 100.</param>
    /// <returns>Nanoseconds; 0 when none was recorded.</returns>
    public long Percentile(double percentile) => Count == 0 ? 0 : _values.GetValueAtPercentile(percentile);

    /// <summary>The whole distribution: each recorded value and how many messages had it, lowest first.</summary>
    /// <returns>Pairs of nanoseconds and count.</returns>
    public IEnumerable<(long Nanoseconds, long Count)> Values()
    {
        foreach (HdrHistogram.Iteration.HistogramIterationValue value in _values.RecordedValues())
            yield return (value.ValueIteratedTo, value.CountAddedInThisIterationStep);
    }

    /// <summary>Writes the distribution, for another process to read.</summary>
    /// <param name="writer">Gets a count of pairs, then pairs of nanoseconds and count, little-endian 64-bit.</param>
    public void WriteTo(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        (long Nanoseconds, long Count)[] pairs = [.. Values()];
        writer.Write(pairs.Length);
        foreach ((long nanoseconds, long count) in pairs)
        {
            writer.Write(nanoseconds);
            writer.Write(count);
        }
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    /// <exception cref="InvalidDataException">A number cannot have been written by a histogram.</exception>
    /// <exception cref="EndOfStreamException">The data ends early.</exception>
    public static LatencyHistogram ReadFrom(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        LatencyHistogram histogram = new();
        int pairs = reader.ReadInt32();
        for (int i = 0; i < pairs; i++)
        {
            long nanoseconds = reader.ReadInt64();
            long count = reader.ReadInt64();
            if (nanoseconds is < 1 || count < 1)
                throw new InvalidDataException($"Histogram pair {i} of {pairs} is ({nanoseconds} ns, {count}): both must be positive.");
            histogram.Record(nanoseconds, count);
        }

        return histogram;
    }
}

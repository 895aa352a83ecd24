using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace VmBus.Tool.Tests.Latency;

public class LatencyHistogramTests
{
    [Fact]
    public void An_empty_histogram_has_zeros_and_no_values()
    {
        LatencyHistogram empty = new();
        Assert.Equal((0L, 0L, 0L, 0L, 0.0), (empty.Count, empty.Min, empty.Max, empty.Percentile(50), empty.Mean));
        Assert.Empty(empty.Values());
    }

    [Fact]
    public void Values_outside_the_range_are_kept_at_its_ends()
    {
        LatencyHistogram histogram = new();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);
        Assert.Equal(2, histogram.Count);
        Assert.Equal(1, histogram.Min);
        Assert.InRange(histogram.Max, LatencyHistogram.MaxNanoseconds, LatencyHistogram.MaxNanoseconds * 1.001);
    }

    [Property]
    public Property A_percentile_is_within_a_thousandth_of_the_true_one() => Prop.ForAll(Latencies(), latencies =>
    {
        LatencyHistogram histogram = Of(latencies);
        long[] sorted = [.. latencies.Order()];
        foreach (double percentile in (double[])[50, 90, 99])
        {
            // HdrHistogram rounds the rank to the nearest.
            int rank = Math.Max(1, (int)(percentile / 100 * sorted.Length + 0.5));
            long exact = sorted[rank - 1];
            if (Math.Abs(histogram.Percentile(percentile) - exact) > exact / 1000.0 + 1)
                return false;
        }

        return true;
    });

    [Property]
    public Property Merging_is_recording_both() => Prop.ForAll(Latencies(), Latencies(), (left, right) =>
    {
        LatencyHistogram merged = Of(left);
        merged.Add(Of(right));
        return merged.Values().SequenceEqual(Of([.. left, .. right]).Values());
    });

    [Property]
    public Property What_another_process_reads_is_what_was_written() => Prop.ForAll(Latencies(), latencies =>
    {
        LatencyHistogram histogram = Of(latencies);
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        histogram.WriteTo(writer);
        stream.Position = 0;
        using BinaryReader reader = new(stream);
        LatencyHistogram copy = LatencyHistogram.ReadFrom(reader);
        return copy.Values().SequenceEqual(histogram.Values()) && stream.Position == stream.Length;
    });

    [Fact]
    public void A_count_that_no_histogram_has_is_refused()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(1);
        writer.Write(100L);
        writer.Write(-1L);
        stream.Position = 0;
        using BinaryReader reader = new(stream);
        Assert.Throws<InvalidDataException>(() => LatencyHistogram.ReadFrom(reader));
    }

    private static LatencyHistogram Of(IEnumerable<long> latencies)
    {
        LatencyHistogram histogram = new();
        foreach (long latency in latencies)
            histogram.Record(latency);
        return histogram;
    }

    private static Arbitrary<long[]> Latencies() =>
        Gen.Choose(0, 90).Select(tenth => (long)Math.Pow(10, tenth / 10.0)).NonEmptyListOf().Select(list => list.ToArray()).ToArbitrary();
}

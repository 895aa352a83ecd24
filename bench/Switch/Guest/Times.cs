namespace VmBus.Switch.Guest;

/// <summary>What a load has measured in one mode. One thread.</summary>
internal sealed class Times
{
    private readonly List<double> _microseconds = [];

    /// <summary>Requests that have ended.</summary>
    public long Requests { get; set; }

    /// <summary>Requests that count.</summary>
    public long Measured { get; set; }

    /// <summary>How long those took.</summary>
    public double Seconds { get; set; }

    /// <summary>What they carried.</summary>
    public long Bytes { get; set; }

    /// <summary>Notes a request.</summary>
    public void Add(TimeSpan time, int bytes)
    {
        _microseconds.Add(time.TotalMicroseconds);
        Measured++;
        Bytes += bytes;
    }

    /// <summary>What came of it.</summary>
    public LoadResult Result(string load, string mode)
    {
        double[] sorted = [.. _microseconds.Order()];
        double[] quantiles = sorted.Length == 0 ? [] : [.. Enumerable.Range(0, 101).Select(percent => Math.Round(At(sorted, percent), 1))];
        return new LoadResult(load, mode, Requests, Measured, Math.Round(Seconds, 3), Bytes, quantiles);
    }

    // The nearest rank: a time that was measured, never one between two.
    private static double At(double[] sorted, int percent) => sorted[Math.Clamp((int)Math.Ceiling(percent / 100.0 * sorted.Length) - 1, 0, sorted.Length - 1)];
}

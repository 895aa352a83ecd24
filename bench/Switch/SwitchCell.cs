using System.Text.Json.Serialization;

namespace VmBus.Switch;

/// <summary>A load in one mode, over all its rounds.</summary>
/// <param name="Load">Which load.</param>
/// <param name="Mode">How the guest's channel signals.</param>
/// <param name="Rounds">How many rounds.</param>
/// <param name="Measured">Requests whose time was taken; 0 for a stream.</param>
/// <param name="Seconds">How long those took.</param>
/// <param name="Bytes">Bytes that they carried.</param>
/// <param name="QuantilesUs">The percentiles 0 to 100 of their times, in microseconds; empty for a stream.</param>
/// <param name="CountedRequests">Requests during which the host counted: reads, round trips, a stream's frames.</param>
/// <param name="Counted">What the host counted.</param>
internal sealed record SwitchCell(
    string Load, string Mode, int Rounds, long Measured, double Seconds, long Bytes, IReadOnlyList<double> QuantilesUs, long CountedRequests, HostCounters Counted)
{
    /// <summary>The median, in microseconds; <see langword="null"/> for a stream.</summary>
    [JsonIgnore]
    public double? MedianUs => Quantile(50);

    /// <summary>The 99th percentile, in microseconds.</summary>
    [JsonIgnore]
    public double? P99Us => Quantile(99);

    /// <summary>Requests in a second; a stream's are frames.</summary>
    [JsonIgnore]
    public double RequestsPerSecond => (Measured > 0 ? Measured : CountedRequests) / Seconds;

    /// <summary>Megabytes in a second.</summary>
    [JsonIgnore]
    public double MegabytesPerSecond => Bytes / Seconds / 1e6;

    /// <summary>Signals by the monitor page for each request.</summary>
    [JsonIgnore]
    public double MonitoredPerRequest => PerRequest(Counted.ByMonitor);

    /// <summary>Hypercalls for each request.</summary>
    [JsonIgnore]
    public double CalledPerRequest => PerRequest(Counted.Signals - Counted.ByMonitor);

    /// <summary>Wake-ups of the host for each request.</summary>
    [JsonIgnore]
    public double WakeupsPerRequest => PerRequest(Counted.Wakeups);

    private double? Quantile(int percent) => QuantilesUs.Count > percent ? QuantilesUs[percent] : null;

    private double PerRequest(long count) => (double)count / CountedRequests;
}

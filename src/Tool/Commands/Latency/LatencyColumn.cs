// The columns of a load's table: what they are called and how a cell fills them.

namespace VmBus.Tool;

/// <summary>One column of a table.</summary>
/// <param name="Header">Its heading, with the unit where the value has none.</param>
/// <param name="Value">What a cell shows in it.</param>
/// <param name="UrgentValue">What the line of its urgent messages shows; nothing when <see langword="null"/>.</param>
internal sealed record LatencyColumn(string Header, Func<LatencyCell, string> Value, Func<LatencyCell, string>? UrgentValue = null)
{
    private static readonly double[] Percentiles = [50, 90, 99, 99.9];

    /// <summary>What the messages saw: latencies and rates.</summary>
    public static IReadOnlyList<LatencyColumn> Latency { get; } =
    [
        .. Percentiles.Select(static percentile => new LatencyColumn(
            FormattableString.Invariant($"p{percentile}"),
            cell => At(cell.Latencies, percentile),
            cell => At(cell.UrgentLatencies, percentile))),
        new("max", static cell => Max(cell.Latencies), static cell => Max(cell.UrgentLatencies)),
        new("packets/s", static cell => Units.Count(cell.PacketsPerSecond)),
        new("bytes/s", static cell => Units.Bytes(cell.BytesPerSecond)),
    ];

    /// <summary>What it cost: signals by kind, wakeups and CPU time.</summary>
    /// <param name="load">The load of the table.</param>
    /// <param name="cells">Its cells, to leave out what none of them has.</param>
    public static IEnumerable<LatencyColumn> Cost(LoadKind load, IReadOnlyCollection<LatencyCell> cells)
    {
        yield return new("monitored", static cell => Units.Count(cell.Signals.Monitored));
        yield return new(
            "hypercall",
            static cell => Units.Count(cell.Signals.Hypercall - cell.Signals.Promoted),
            static cell => cell.Signals.Promoted == 0 ? "" : Units.Count(cell.Signals.Promoted));
        yield return new("none", static cell => Units.Count(cell.Signals.None));
        yield return new("wakeups", static cell => Units.Count(cell.HostWakeups));
        if (load == LoadKind.Mixed)
            yield return new("data/wake", static cell => Units.Ratio(cell.DataPacketsPerWakeup));
        else
            yield return new("pkts/wake", static cell => Units.Ratio(cell.PacketsPerWakeup));
        if (cells.Any(static cell => cell.CpuShare is not null))
            yield return new("CPU %", Cpu);
    }

    private static string Cpu(LatencyCell cell)
    {
        if (cell.CpuShare is not { } share)
            return "-";
        if (cell.Cpu is not { Guest: { } guest, Host: { } host, Scan: { } scan })
            return FormattableString.Invariant($"{share * 100:0}");
        return FormattableString.Invariant($"{guest / cell.Elapsed * 100:0}+{host / cell.Elapsed * 100:0}+{scan / cell.Elapsed * 100:0}");
    }

    private static string At(LatencyHistogram? latencies, double percentile) =>
        latencies is null or { Count: 0 } ? "-" : Units.Duration(latencies.Percentile(percentile));

    private static string Max(LatencyHistogram? latencies) =>
        latencies is null or { Count: 0 } ? "-" : Units.Duration(latencies.Max);
}

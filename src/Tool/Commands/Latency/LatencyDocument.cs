// The JSON document of a run: stable names, units in names. A number added later is a new name; none changes meaning.

using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus latency --json</c> writes.</summary>
internal sealed record LatencyDocument
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-latency/1";

    /// <summary><see cref="SchemaName"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>The version of the tool.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>What was asked for.</summary>
    public required OptionsPart Options { get; init; }

    /// <summary>What was added to what the machine takes.</summary>
    public required ModelledPart ModelledCosts { get; init; }

    /// <summary>The machine; null in a simulation.</summary>
    public MachinePart? Machine { get; init; }

    /// <summary>The machine's own error; null in a simulation.</summary>
    public NoisePart? MachineNoise { get; init; }

    /// <summary>One result for each load and mode.</summary>
    public required IReadOnlyList<CellPart> Cells { get; init; }

    /// <summary>What the run shows.</summary>
    public required IReadOnlyList<FindingPart> Findings { get; init; }

    /// <summary>Makes the document of a report.</summary>
    public static LatencyDocument From(LatencyReport report, string toolVersion)
    {
        ArgumentNullException.ThrowIfNull(report);
        LatencyOptions options = report.Options;
        return new()
        {
            Schema = SchemaName,
            ToolVersion = toolVersion,
            Options = new(
                options.CellTime.TotalSeconds,
                options.MessageSize,
                Nanoseconds(options.Window),
                Nanoseconds(options.Pace),
                Nanoseconds(options.Spin),
                options.RingSize,
                [.. options.Modes.Select(Spelling.Name)],
                [.. options.Loads.Select(Spelling.Name)],
                options.Processes,
                options.Simulate),
            ModelledCosts = new(Nanoseconds(options.HypercallCost), Nanoseconds(options.WakeCost)),
            Machine = report.Machine is { } machine ? new(machine.Cores, machine.OperatingSystem, machine.Architecture, machine.Runtime, report.LoadAverage, report.OtherCores) : null,
            MachineNoise = report.Noise is { } noise
                ? new(noise.SleepAsked, noise.SleepP50, noise.SleepP99, noise.SleepMax, noise.WakeAcrossCores, noise.WakeOnOneCore, noise.ClockRead, noise.Interlocked)
                : null,
            Cells = [.. report.Cells.Select(CellPart.From)],
            Findings = [.. LatencySummary.Findings(report).Select(finding => new FindingPart(finding.Expectation, finding.Holds, finding.Text, finding.IsNoise))],
        };
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>What was asked for.</summary>
    internal sealed record OptionsPart(
        double SecondsPerCell,
        int MessageSizeBytes,
        long WindowNs,
        long PaceNs,
        long SpinNs,
        int RingSizeBytes,
        IReadOnlyList<string> Modes,
        IReadOnlyList<string> Loads,
        int Processes,
        bool Simulate);

    /// <summary>Costs the model adds.</summary>
    internal sealed record ModelledPart(long HypercallNs, long HostWakeNs);

    /// <summary>The machine.</summary>
    internal sealed record MachinePart(int Cores, string OperatingSystem, string Architecture, string Runtime, double? LoadAverage, double? OtherCores);

    /// <summary>The machine's own error.</summary>
    internal sealed record NoisePart(
        double SleepAskedNs,
        [property: JsonPropertyName("sleep_p50_ns")] double SleepP50Ns,
        [property: JsonPropertyName("sleep_p99_ns")] double SleepP99Ns,
        double SleepMaxNs,
        double? WakeAcrossCoresNs,
        double? WakeOnOneCoreNs,
        double ClockReadNs,
        double InterlockedOrNs);

    /// <summary>One expectation and what the run shows.</summary>
    internal sealed record FindingPart(string Expectation, bool? Holds, string Text, bool Noise);

    /// <summary>One mode under one load.</summary>
    internal sealed record CellPart(
        string Mode,
        string Load,
        LatencyPart Latency,
        LatencyPart? UrgentLatency,
        long Packets,
        long Bytes,
        long ElapsedNs,
        double PacketsPerSecond,
        double BytesPerSecond,
        SignalPart Signals,
        long ModeChanges,
        long HostWakeups,
        double? PacketsPerWakeup,
        long? DataPackets,
        double? DataPacketsPerWakeup,
        CpuPart? Cpu)
    {
        /// <summary>Makes the part of a cell.</summary>
        public static CellPart From(LatencyCell cell) => new(
            cell.Mode.Name(),
            cell.Load.Name(),
            LatencyPart.From(cell.Latencies),
            cell.UrgentLatencies is { } urgent ? LatencyPart.From(urgent) : null,
            cell.Packets,
            cell.Bytes,
            Nanoseconds(cell.Elapsed),
            cell.PacketsPerSecond,
            cell.BytesPerSecond,
            SignalPart.From(cell.Signals),
            cell.ModeChanges,
            cell.HostWakeups,
            cell.PacketsPerWakeup,
            cell.DataPackets,
            cell.DataPacketsPerWakeup,
            cell.Cpu is { } cpu
                ? new(Nanoseconds(cpu.Total), cell.CpuShare, Optional(cpu.Guest), Optional(cpu.Host), Optional(cpu.Scan))
                : null);

        private static long? Optional(TimeSpan? time) => time is { } known ? Nanoseconds(known) : null;
    }

    /// <summary>Signals by kind; promoted ones are among the hypercalls.</summary>
    internal sealed record SignalPart(long Monitored, long Hypercall, long Promoted, long SuppressedMasked, long SuppressedNotEmpty)
    {
        /// <summary>Makes the part of the counts.</summary>
        public static SignalPart From(SignalCounts counts) =>
            new(counts.Monitored, counts.Hypercall, counts.Promoted, counts.SuppressedMasked, counts.SuppressedNotEmpty);
    }

    /// <summary>CPU time; the parts are null where they were not told apart.</summary>
    internal sealed record CpuPart(long TotalNs, double? CoreShare, long? GuestNs, long? HostNs, long? ScanNs);

    /// <summary>One point of a distribution: this share of the messages took at most this long.</summary>
    internal sealed record PercentilePart(double Percentile, long LatencyNs);

    /// <summary>A latency distribution.</summary>
    internal sealed record LatencyPart(
        long Count,
        long MinNs,
        double MeanNs,
        [property: JsonPropertyName("p50_ns")] long P50Ns,
        [property: JsonPropertyName("p90_ns")] long P90Ns,
        [property: JsonPropertyName("p99_ns")] long P99Ns,
        [property: JsonPropertyName("p99_9_ns")] long P999Ns,
        [property: JsonPropertyName("p99_99_ns")] long P9999Ns,
        long MaxNs,
        IReadOnlyList<PercentilePart> Distribution)
    {
        private static readonly double[] Points = [0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99, 99.999, 100];

        /// <summary>Makes the part of a histogram.</summary>
        /// <returns>The part; no distribution when nothing was recorded.</returns>
        public static LatencyPart From(LatencyHistogram latencies) => new(
            latencies.Count,
            latencies.Min,
            latencies.Mean,
            latencies.Percentile(50),
            latencies.Percentile(90),
            latencies.Percentile(99),
            latencies.Percentile(99.9),
            latencies.Percentile(99.99),
            latencies.Max,
            latencies.Count == 0 ? [] : [.. Points.Select(point => new PercentilePart(point, latencies.Percentile(point)))]);
    }
}

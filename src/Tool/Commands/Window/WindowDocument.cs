// The JSON document of the measured window: stable names, units in names. docs/monitoring.md tells what each field is.

namespace VmBus.Tool;

/// <summary>The document <c>vmbus monitor --measure --json</c> writes.</summary>
internal sealed record WindowDocument(string Schema, string ToolVersion, MachineFacts Machine, WindowDocument.MeasuredPart Measured)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-window/1";

    /// <summary>Makes the document of a report.</summary>
    public static WindowDocument From(WindowReport report, string toolVersion) => new(SchemaName, toolVersion, MachineFacts.Read(), MeasuredPart.From(report));

    /// <summary>What was measured.</summary>
    internal sealed record MeasuredPart(uint Relid, string ClassName, int MonitorId, int Samples, IReadOnlyList<HintPart> Hints, TimesPart? Hypercall)
    {
        public static MeasuredPart From(WindowReport report) => new(
            report.Relid, report.Name, report.MonitorId, report.Samples, [.. report.Cells.Select(HintPart.From)], report.Calls is { } calls ? TimesPart.From(calls) : null);
    }

    /// <summary>One hint.</summary>
    internal sealed record HintPart(double HintUs, double LowestHintUs, int NotTaken, TimesPart Window, TimesPart Wait)
    {
        public static HintPart From(WindowCell cell) => new(
            cell.Hint.TotalMicroseconds, cell.Lowest.TotalMicroseconds, cell.NotTaken, TimesPart.From(cell.Windows), TimesPart.From(cell.Waits));
    }

    /// <summary>Times.</summary>
    internal sealed record TimesPart(long Count, long MinNs, long P1Ns, long P50Ns, long P90Ns, long P99Ns, long MaxNs)
    {
        public static TimesPart From(LatencyHistogram times) => new(
            times.Count, times.Min, times.Percentile(1), times.Percentile(50), times.Percentile(90), times.Percentile(99), times.Max);
    }
}

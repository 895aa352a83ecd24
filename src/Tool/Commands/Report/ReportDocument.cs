// The JSON document of a report: what this guest's VMBus is and does, and nothing that names it.

namespace VmBus.Tool;

/// <summary>The document <c>vmbus report</c> writes.</summary>
/// <param name="Schema">The schema's name and version.</param>
/// <param name="ToolVersion">The version of the tool.</param>
/// <param name="Machine">Cores, kernel, architecture, runtime.</param>
/// <param name="Processor">The processor's model, as <c>/proc/cpuinfo</c> says it.</param>
/// <param name="Module">Whether the module <c>vmbus_signal</c> is there.</param>
/// <param name="Channels">The channels.</param>
/// <param name="Backends">What <c>vmbus doctor</c> finds.</param>
/// <param name="Measured">What <c>vmbus monitor --measure</c> found, where it was asked for.</param>
internal sealed record ReportDocument(
    string Schema, string ToolVersion, MachineFacts Machine, string? Processor, bool Module, IReadOnlyList<ReportDocument.ReportedChannel> Channels,
    IReadOnlyList<DoctorFinding> Backends, WindowDocument.MeasuredPart? Measured)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-report/1";

    /// <summary>One channel. Without the instance of its device: that may name a machine.</summary>
    internal sealed record ReportedChannel(
        uint? Relid, uint? Subchannel, string? ClassName, Guid? ClassId, string? Driver, uint? Vp, string? Signal, bool? LowLatency, int? MonitorId, double? LatencyUs,
        TopDocument.RingPart Outgoing, TopDocument.RingPart Incoming, TopDocument.CountsPart<ulong> Totals)
    {
        public static ReportedChannel From(TopRow row) => new(
            row.Relid, row.Subchannel, DeviceName.Short(row.Device), row.Device.ClassId, row.Device.Driver, row.Vp, row.Signal, row.IsLowLatency, row.MonitorId,
            row.Latency?.TotalMicroseconds, TopDocument.RingPart.From(row.Outgoing), TopDocument.RingPart.From(row.Incoming), TopDocument.CountsPart<ulong>.From(row.Totals));
    }
}

// The JSON document of a reading; docs/monitoring.md tells what each field is.

namespace VmBus.Tool;

/// <summary>The document <c>vmbus top --process PID --json</c> writes for each reading.</summary>
internal sealed record ProcessTopDocument(
    string Schema, string ToolVersion, int Process, DateTime Time, double? IntervalSeconds, IReadOnlyList<ProcessTopDocument.EndPart> Channels, IReadOnlyDictionary<string, double> Totals)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-top-process/1";

    /// <summary>Makes the document of a reading.</summary>
    public static ProcessTopDocument From(int process, ProcessReading reading, string toolVersion) => new(
        SchemaName, toolVersion, process, reading.Time, reading.Seconds,
        [.. reading.Channels.Select(channel => new EndPart(
            channel.Name.End, channel.Name.Relid, channel.Name.Subchannel, channel.Name.DeviceClass, channel.Name.Instance, channel.Totals, channel.Rates,
            TopDocument.RingPart.From(channel.Outgoing), TopDocument.RingPart.From(channel.Incoming)))],
        reading.Totals);

    /// <summary>One end of a channel.</summary>
    internal sealed record EndPart(
        string End, uint Relid, int Subchannel, string DeviceClass, string Instance, ProcessCounts Totals, ProcessCounts? Rates, TopDocument.RingPart Outgoing, TopDocument.RingPart Incoming);
}

// The JSON document of the switch: stable names, null for what is not known.

using System.Text.Json;
using System.Text.Json.Serialization;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus low-latency --json</c> writes.</summary>
internal sealed record LowLatencyDocument(string Schema, string ToolVersion, bool Module, double? CountedSeconds, IReadOnlyList<LowLatencyDocument.ChannelPart> Channels)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-low-latency/1";

    /// <summary>Makes the document.</summary>
    public static LowLatencyDocument From(IReadOnlyList<LowLatencyChannel> channels, bool hasModule, TimeSpan? counted, string toolVersion) =>
        new(SchemaName, toolVersion, hasModule, counted?.TotalSeconds, [.. channels.Select(ChannelPart.From)]);

    /// <summary>One channel.</summary>
    internal sealed record ChannelPart(
        uint? Relid, uint? Subchannel, string? ClassName, Guid? InstanceId, string? Driver, int? MonitorId, double? LatencyUs,
        bool? LowLatency, bool? Kept, uint? Requests, ulong? Hypercalls, LowLatencyChannel.SignalsCounted? Counted)
    {
        public static ChannelPart From(LowLatencyChannel channel)
        {
            (TopRow row, KernelChannelState? state) = channel;
            return new(
                row.Relid, row.Subchannel, DeviceName.Short(row.Device), row.Device.InstanceId, row.Device.Driver, row.MonitorId, row.Latency?.TotalMicroseconds,
                state?.IsLowLatency, state?.IsKept, state?.Requests, channel.Hypercalls, channel.Counted);
        }
    }
}

/// <summary>Source-generated writing of <see cref="LowLatencyDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(LowLatencyDocument))]
internal sealed partial class LowLatencyJson : JsonSerializerContext
{
    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(LowLatencyDocument document) => JsonSerializer.Serialize(document, Default.LowLatencyDocument);
}

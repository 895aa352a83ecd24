// The JSON document of the switch: stable names, null for what is not known.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus low-latency --json</c> writes.</summary>
internal sealed record LowLatencyDocument(string Schema, string ToolVersion, bool Module, double? CountedSeconds, IReadOnlyList<LowLatencyDocument.SwitchedChannel> Channels)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-low-latency/1";

    /// <summary>Makes the document.</summary>
    public static LowLatencyDocument From(IReadOnlyList<LowLatencyChannel> channels, bool hasModule, TimeSpan? counted, string toolVersion) =>
        new(SchemaName, toolVersion, hasModule, counted?.TotalSeconds, [.. channels.Select(SwitchedChannel.From)]);

    /// <summary>One channel.</summary>
    internal sealed record SwitchedChannel(
        uint? Relid, uint? Subchannel, string? ClassName, Guid? InstanceId, string? Driver, int? MonitorId, double? LatencyUs,
        bool? LowLatency, bool? Kept, uint? Requests, ulong? Hypercalls, LowLatencyChannel.SignalsCounted? Counted)
    {
        public static SwitchedChannel From(LowLatencyChannel channel)
        {
            (TopRow row, KernelChannelState? state) = channel;
            return new(
                row.Relid, row.Subchannel, DeviceName.Short(row.Device), row.Device.InstanceId, row.Device.Driver, row.MonitorId, row.Latency?.TotalMicroseconds,
                state?.IsLowLatency, state?.IsKept, state?.Requests, channel.Hypercalls, channel.Counted);
        }
    }
}

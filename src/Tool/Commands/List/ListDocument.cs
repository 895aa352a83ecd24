// The JSON document of a listing: stable names, units in names, null for what the kernel does not say.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus list --json</c> writes.</summary>
internal sealed record ListDocument(string Schema, string ToolVersion, IReadOnlyList<ListDocument.DevicePart> Devices)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-list/1";

    /// <summary>Makes the document of a listing.</summary>
    public static ListDocument From(IReadOnlyList<SysfsDevice> devices, string toolVersion) =>
        new(SchemaName, toolVersion, [.. devices.OrderBy(device => device.Relid ?? uint.MaxValue).Select(DevicePart.From)]);

    /// <summary>One device.</summary>
    internal sealed record DevicePart(
        uint? Relid, string? ClassName, Guid? ClassId, Guid? InstanceId, string Path, string? Driver, string? Uio, int? NumaNode,
        int? MonitorId, ListedRing? Outgoing, ListedRing? Incoming, IReadOnlyList<ListedChannel> Channels)
    {
        public static DevicePart From(SysfsDevice device) => new(
            device.Relid, DeviceName.Short(device), device.ClassId, device.InstanceId, device.Path, device.Driver, device.UioName, device.NumaNode,
            device.MonitorId, ListedRing.From(device.Outgoing), ListedRing.From(device.Incoming), [.. device.Channels.Select(ListedChannel.From)]);
    }

    /// <summary>One ring of a primary channel.</summary>
    internal sealed record ListedRing(uint? InterruptMask, uint? ReadIndex, uint? WriteIndex, uint? BytesToRead, uint? BytesToWrite)
    {
        public static ListedRing? From(SysfsRing? ring) =>
            ring is null ? null : new(ring.InterruptMask, ring.ReadIndex, ring.WriteIndex, ring.BytesToRead, ring.BytesToWrite);
    }

    /// <summary>One channel.</summary>
    internal sealed record ListedChannel(
        uint Relid, uint? Subchannel, uint? Vp, int? MonitorId, uint? Pending, double? LatencyUs, bool? LowLatency, ulong? Interrupts, ulong? Events,
        ulong? InterruptsInFull, ulong? InterruptsOutEmpty, ulong? OutgoingFullFirst, ulong? OutgoingFullTotal, long? RingBytes)
    {
        public static ListedChannel From(SysfsChannel channel) => new(
            channel.Relid, channel.SubchannelIndex, channel.VpIndex, channel.MonitorId, channel.Pending, channel.Latency?.TotalMicroseconds, channel.IsLowLatency,
            channel.Interrupts, channel.Events, channel.InterruptsInFull, channel.InterruptsOutEmpty, channel.OutgoingFullFirst,
            channel.OutgoingFullTotal, channel.RingBytes);
    }
}

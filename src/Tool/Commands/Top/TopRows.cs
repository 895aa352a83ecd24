// From what sysfs shows to lines: pure, so that every rule about what is unknown can be tested without a kernel.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Makes lines from readings.</summary>
internal static class TopRows
{
    /// <summary>The channels of devices, without rates.</summary>
    public static IReadOnlyList<TopRow> From(IReadOnlyList<SysfsDevice> devices) => From(new TopReading(default, TimeSpan.Zero, devices), null);

    /// <summary>The channels of a reading, by device and then as the device lists them.</summary>
    /// <param name="now">The reading.</param>
    /// <param name="before">The one before, for rates; <see langword="null"/> at first.</param>
    /// <returns>A line a channel, and one for a device whose channels cannot be seen.</returns>
    public static IReadOnlyList<TopRow> From(TopReading now, TopReading? before)
    {
        ArgumentNullException.ThrowIfNull(now);
        Dictionary<(string, Guid?, Guid?, uint), SysfsChannel> past = [];
        foreach (SysfsDevice device in before?.Devices ?? [])
        {
            foreach (SysfsChannel channel in device.Channels)
                past[Key(device, channel)] = channel;
        }

        double seconds = before is null ? 0 : (now.Clock - before.Clock).TotalSeconds;
        List<TopRow> rows = [];
        foreach (SysfsDevice device in now.Devices.OrderBy(device => device.Relid ?? uint.MaxValue))
        {
            if (device.Channels.Count == 0)
                rows.Add(Row(device, new SysfsChannel { Relid = device.Relid ?? 0 }, null, 0) with { Relid = device.Relid });
            foreach (SysfsChannel channel in device.Channels)
                rows.Add(Row(device, channel, past.GetValueOrDefault(Key(device, channel)), seconds));
        }

        return rows;
    }

    // Another instance or class under the same name is another device, even if the first was not seen to go.
    private static (string, Guid?, Guid?, uint) Key(SysfsDevice device, SysfsChannel channel) => (device.Name, device.InstanceId, device.ClassId, channel.Relid);

    private static TopRow Row(SysfsDevice device, SysfsChannel channel, SysfsChannel? before, double seconds)
    {
        bool isPrimary = channel.Relid == device.Relid;
        int? monitorId = channel.MonitorId ?? (isPrimary ? device.MonitorId : null);
        long? size = channel.RingBytes is { } both && both / 2 > Environment.SystemPageSize ? both / 2 - Environment.SystemPageSize : null;
        TopCounts<ulong> totals = Totals(channel);
        return new TopRow(
            device, channel.Relid, channel.SubchannelIndex, channel.VpIndex,
            // A kernel too old for folders of channels shows a primary channel's monitor only, and of no other.
            monitorId is not null ? true : channel.Path is not null ? false : null,
            monitorId,
            channel.Pending ?? (isPrimary ? device.GuestMonitor?.Pending : null),
            channel.Latency ?? (isPrimary ? device.GuestMonitor?.Latency : null),
            Ring(isPrimary ? device.Outgoing : null) ?? new TopRing(size >= channel.BytesToWrite ? size - channel.BytesToWrite : null, size),
            Ring(isPrimary ? device.Incoming : null) ?? new TopRing(channel.BytesToRead, size),
            totals,
            before is null || seconds <= 0 ? TopCounts<double>.Unknown : Rates(totals, Totals(before), seconds))
        {
            IsLowLatency = channel.IsLowLatency,
        };
    }

    private static TopRing? Ring(SysfsRing? ring) =>
        ring is { BytesToRead: { } used, BytesToWrite: { } free } ? new TopRing(used, (long)used + free) : null;

    private static TopCounts<ulong> Totals(SysfsChannel channel) => new(
        channel.Interrupts, channel.Events, channel.InterruptsInFull, channel.InterruptsOutEmpty, channel.OutgoingFullFirst, channel.OutgoingFullTotal);

    private static TopCounts<double> Rates(TopCounts<ulong> now, TopCounts<ulong> before, double seconds)
    {
        return new(
            Rate(now.Interrupts, before.Interrupts), Rate(now.Events, before.Events), Rate(now.InterruptsInFull, before.InterruptsInFull),
            Rate(now.InterruptsOutEmpty, before.InterruptsOutEmpty), Rate(now.OutgoingFullFirst, before.OutgoingFullFirst),
            Rate(now.OutgoingFullTotal, before.OutgoingFullTotal));

        // A counter that fell was begun again: the channel went and came between the readings.
        double? Rate(ulong? young, ulong? old) => young >= old ? (young.Value - old.Value) / seconds : null;
    }
}

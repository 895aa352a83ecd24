// Looks at the monitor pages, through sysfs and through one UIO device, and changes a latency hint.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Runs <c>vmbus monitor</c>.</summary>
internal static class MonitorRun
{
    /// <summary>Does what was asked for.</summary>
    /// <exception cref="ToolException">There is no such device or channel, the channel has no monitor, or no UIO device shows the page.</exception>
    /// <exception cref="LinuxGuestException">There is no VMBus, or the UIO device cannot be used.</exception>
    public static MonitorReport Run(MonitorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string? folder = Path.GetDirectoryName(options.Uio);
        VmBusSysfs sysfs = new(options.Sysfs, string.IsNullOrEmpty(folder) ? "/dev" : folder);
        IReadOnlyList<SysfsDevice> devices = sysfs.ListDevices();
        IReadOnlyList<TopRow> channels = TopRows.From(devices);
        if (options.Device is null && options.Uio is null)
            return new MonitorReport(channels, null, null, null);

        TopRow? target = options.Latency is null ? null : Target(channels, Find(devices, options.Device!.Value), options.Channel);
        SysfsDevice through = Through(devices, options);
        if (!OperatingSystem.IsLinux())
            throw new ToolException("UIO devices are there on Linux only");
        using UioMonitorPage mapped = UioMonitorPage.Open(sysfs, through.InstanceId ?? throw new ToolException($"{through.Path} shows no instance"));
        MonitorChange? change = null;
        if (target is not null)
        {
            // One aligned word, written whole: the examiner of the page sees the old hint or the new one.
            ref ushort latency = ref mapped.Page.Latency(target.MonitorId!.Value);
            TimeSpan before = TimeSpan.FromTicks(Volatile.Read(ref latency));
            Volatile.Write(ref latency, (ushort)options.Latency!.Value.Ticks);
            change = new MonitorChange(target, target.MonitorId.Value, before, TimeSpan.FromTicks(Volatile.Read(ref latency)));
        }

        return new MonitorReport(channels, mapped.Name, MonitorPageCopy.Of(mapped.Page), change);
    }

    private static SysfsDevice Find(IReadOnlyList<SysfsDevice> devices, Guid instance) => devices.FirstOrDefault(device => device.InstanceId == instance)
        ?? throw new ToolException($"this guest has no device {instance}: it has {string.Join(", ", devices.OrderBy(device => device.Relid ?? uint.MaxValue).Select(DeviceChoice.Name))}");

    private static TopRow Target(IReadOnlyList<TopRow> channels, SysfsDevice device, uint? relid)
    {
        TopRow[] own = [.. channels.Where(row => row.Device.Name == device.Name && row.Relid is not null)];
        TopRow? channel = own.FirstOrDefault(row => row.Relid == (relid ?? device.Relid));
        if (channel is null)
            throw new ToolException($"{device.InstanceId} has no channel {relid ?? device.Relid}: it has {(own.Length == 0 ? "none" : string.Join(", ", own.Select(row => row.Relid)))}");
        if (channel.MonitorId is null)
        {
            throw new ToolException(channel.IsMonitored == false
                ? $"channel {channel.Relid} ({channel.Name}) has no monitor: each of its signals is a hypercall, so there is no latency to set"
                : $"this kernel does not say whether channel {channel.Relid} ({channel.Name}) has a monitor");
        }

        return channel;
    }

    // The page is the whole guest's: any device that is bound to uio_hv_generic shows it.
    private static SysfsDevice Through(IReadOnlyList<SysfsDevice> devices, MonitorOptions options)
    {
        if (options.Uio is { } uio)
        {
            string name = Path.GetFileName(uio);
            return devices.FirstOrDefault(device => device.UioName == name)
                ?? throw new ToolException($"--uio {uio}: no device of the VMBus is {name}; {Bound(devices)}");
        }

        SysfsDevice device = Find(devices, options.Device!.Value);
        return device.UioName is not null ? device : throw new ToolException(
            $"{options.Device} is bound to {device.Driver ?? "no driver"}, not to uio_hv_generic, and so does not show the page. Every device that is bound to it does: {Bound(devices)}");
    }

    private static string Bound(IReadOnlyList<SysfsDevice> devices)
    {
        string[] bound = [.. devices.Where(device => device.UioName is not null).Select(device => $"--uio /dev/{device.UioName} ({DeviceName.Short(device) ?? DeviceName.Unknown} {device.InstanceId})")];
        return bound.Length == 0 ? "none is: bind one first" : string.Join(", ", bound);
    }
}

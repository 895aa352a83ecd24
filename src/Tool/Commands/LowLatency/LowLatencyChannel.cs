// One channel of this guest, with the flag as the kernel has it.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>A channel and its flag.</summary>
/// <param name="Row">What sysfs shows of it.</param>
/// <param name="State">What the module tells of it; <see langword="null"/> without the module, or where it refuses.</param>
internal sealed record LowLatencyChannel(TopRow Row, KernelChannelState? State)
{
    /// <summary>Signals that were counted, where they were.</summary>
    public SignalsCounted? Counted { get; init; }

    /// <summary>Signals by hypercall so far.</summary>
    public ulong? Hypercalls => State?.Hypercalls ?? Row.Totals.Events;

    /// <summary>Reads the channels of a guest, by device.</summary>
    /// <param name="sysfs">The guest.</param>
    /// <param name="devices">Its devices, or some of them.</param>
    public static IReadOnlyList<LowLatencyChannel> Read(VmBusSysfs sysfs, IReadOnlyList<SysfsDevice> devices)
    {
        bool hasModule = HasModule(sysfs);
        return [.. TopRows.From(devices).Select(row => new LowLatencyChannel(row, hasModule && row.Relid is { } relid ? Look(sysfs, row.Device, relid) : null))];
    }

    /// <summary>The devices with the flag of their monitored channels, where the module is there.</summary>
    public static IReadOnlyList<SysfsDevice> WithFlags(VmBusSysfs sysfs, IReadOnlyList<SysfsDevice> devices) => !HasModule(sysfs) ? devices :
        [.. devices.Select(device => device with { Channels = [.. device.Channels.Select(channel => WithFlag(sysfs, device, channel))] })];

    /// <summary>Counts the signals of each channel for a time: those by monitor too.</summary>
    /// <exception cref="LinuxGuestException">The kernel does not count them for this user.</exception>
    public static async Task<IReadOnlyList<LowLatencyChannel>> CountAsync(VmBusSysfs sysfs, TimeSpan time, CancellationToken cancellationToken)
    {
        using SignalTrace trace = SignalTrace.Start(sysfs);
        Dictionary<(string, uint?), ulong?> before = Read(sysfs, sysfs.ListDevices()).ToDictionary(Key, channel => channel.Hypercalls);
        IReadOnlyDictionary<uint, ulong> then = trace.Read();
        await Task.Delay(time, cancellationToken).ConfigureAwait(false);
        // The histogram first: what is signalled between the two looks is never counted as one by monitor.
        IReadOnlyDictionary<uint, ulong> now = trace.Read();
        return [.. Read(sysfs, sysfs.ListDevices()).Select(channel => channel with { Counted = Difference(channel, before.GetValueOrDefault(Key(channel)), then, now) })];

        static (string, uint?) Key(LowLatencyChannel channel) => (channel.Row.Device.Name, channel.Row.Relid);
    }

    private static SignalsCounted? Difference(LowLatencyChannel channel, ulong? before, IReadOnlyDictionary<uint, ulong> then, IReadOnlyDictionary<uint, ulong> now)
    {
        if (channel.Row.Relid is not { } relid || channel.Hypercalls is not { } calls || calls < before)
            return null;
        ulong all = now.GetValueOrDefault(relid) - Math.Min(then.GetValueOrDefault(relid), now.GetValueOrDefault(relid));
        ulong byCall = calls - (before ?? 0);
        return new SignalsCounted(all - Math.Min(all, byCall), byCall);
    }

    /// <summary>Whether the module is there.</summary>
    public static bool HasModule(VmBusSysfs sysfs) => OperatingSystem.IsLinux() && KernelChannel.IsAvailable(sysfs);

    /// <summary>Signals in a time.</summary>
    internal sealed record SignalsCounted(ulong ByMonitor, ulong ByHypercall);

    private static SysfsChannel WithFlag(VmBusSysfs sysfs, SysfsDevice device, SysfsChannel channel) =>
        (channel.MonitorId ?? (channel.Relid == device.Relid ? device.MonitorId : null)) is null
            ? channel : channel with { IsLowLatency = Look(sysfs, device, channel.Relid)?.IsLowLatency };

    private static KernelChannelState? Look(VmBusSysfs sysfs, SysfsDevice device, uint relid)
    {
        // A channel without a driver is closed; the module looks at others only.
        if (!OperatingSystem.IsLinux() || device.InstanceId is not { } instance || device.Driver is null)
            return null;
        try
        {
            using KernelChannel channel = KernelChannel.Open(instance, relid == device.Relid ? 0 : relid, sysfs);
            return channel.GetState();
        }
        catch (VmBusException)
        {
            // Gone meanwhile, or not for this user: what is not known is shown as that.
            return null;
        }
    }
}

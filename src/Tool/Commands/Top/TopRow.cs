// One channel of one device at one moment. Mirrors the attributes of a device and of channels/<relid> (Linux
// drivers/hv/vmbus_drv.c), brought together.

using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>One line of <c>vmbus top</c>; <see langword="null"/> for what the kernel does not tell.</summary>
/// <param name="Device">The device it belongs to.</param>
/// <param name="Relid">The channel's relid.</param>
/// <param name="Subchannel">0 of the primary channel.</param>
/// <param name="Vp">The virtual processor the host interrupts.</param>
/// <param name="IsMonitored">Whether the guest signals by a bit in the monitor page, or else by hypercall.</param>
/// <param name="MonitorId">Its monitor, 0 to 127.</param>
/// <param name="PendingWord">The pending bits of the monitor's whole trigger group, guest to host.</param>
/// <param name="Latency">The monitor's latency hint, guest to host.</param>
/// <param name="Outgoing">The ring the guest writes.</param>
/// <param name="Incoming">The ring the guest reads.</param>
/// <param name="Totals">The counters.</param>
/// <param name="Rates">How much they rose a second since the reading before; unknown when there is none.</param>
internal sealed record TopRow(
    SysfsDevice Device, uint? Relid, uint? Subchannel, uint? Vp, bool? IsMonitored, int? MonitorId, uint? PendingWord, TimeSpan? Latency,
    TopRing Outgoing, TopRing Incoming, TopCounts<ulong> Totals, TopCounts<double> Rates)
{
    private const int MonitorsPerGroup = VmBus.Layout.MonitorPage.MonitorsPerGroup;

    /// <summary>Whether its driver makes a hypercall although it has a monitor: the flag; <see langword="null"/> without the module that tells.</summary>
    public bool? IsLowLatency { get; init; }

    /// <summary>How the guest signals, for documents: <c>monitored</c> or <c>hypercall</c>.</summary>
    public string? Signal => IsMonitored switch { true => IsLowLatency == true ? "hypercall" : "monitored", false => "hypercall", null => null };

    /// <summary>Whether its own pending bit was set.</summary>
    public bool? IsPending => IsPendingIn(PendingWord, MonitorId);

    /// <summary>The short name of the device's class; a subchannel's with its number.</summary>
    public string Name => (DeviceName.Short(Device) ?? DeviceName.Unknown) + (Subchannel is { } number and not 0 ? FormattableString.Invariant($"/{number}") : "");

    /// <summary>Whether a monitor's own bit is set in the word of its trigger group.</summary>
    /// <returns>The bit; <see langword="null"/> when word or monitor is not known.</returns>
    public static bool? IsPendingIn(uint? word, int? monitorId) => word is { } bits && monitorId is { } id ? (bits >> id % MonitorsPerGroup & 1) != 0 : null;
}

namespace VmBus.Linux;

/// <summary>What sysfs shows of a device's monitor in one of the two monitor pages.</summary>
/// <param name="Pending"><c>pending</c>: the whole word of the trigger group, 32 monitors; bit b is monitor 32 * group + b.</param>
/// <param name="Latency"><c>latency</c>: the hint; the file is in units of 100 ns.</param>
/// <param name="ConnectionId"><c>conn_id</c>: what the monitor signals.</param>
internal sealed record SysfsMonitor(uint? Pending, TimeSpan? Latency, uint? ConnectionId)
{
    /// <summary>Reads one; <see langword="null"/> when the device has none.</summary>
    internal static SysfsMonitor? Read(SysfsFolder device, string prefix)
    {
        SysfsMonitor monitor = new(
            device.Word(prefix + "_monitor_pending"), LatencyOf(device, prefix + "_monitor_latency"), device.Word(prefix + "_monitor_conn_id"));
        return monitor == new SysfsMonitor(null, null, null) ? null : monitor;
    }

    internal static TimeSpan? LatencyOf(SysfsFolder folder, string name)
        => folder.Number(name) is { } latency and <= ushort.MaxValue ? TimeSpan.FromTicks((long)latency) : null;
}

// The devices as lines, laid out as tools/hv/lsvmbus of Linux lays them out at each of its three levels.

using System.Globalization;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Writes the devices a line or a few each.</summary>
internal static class ListText
{
    /// <summary>Writes the devices in the order of their ids.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="devices">The devices.</param>
    /// <param name="detail">0: what each is; 1: its class and channels, and which are set to low latency; 2: its instance, folder, driver and monitor as well.</param>
    public static void Write(TextWriter output, IReadOnlyList<SysfsDevice> devices, int detail)
    {
        foreach (SysfsDevice device in devices.OrderBy(device => device.Relid ?? uint.MaxValue))
        {
            string id = device.Relid is { } relid ? relid.ToString(CultureInfo.InvariantCulture).PadLeft(2) : " ?";
            if (detail == 0)
            {
                output.WriteLine($"VMBUS ID {id}: {DeviceName.Long(device)}");
                continue;
            }
            output.WriteLine($"VMBUS ID {id}: Class_ID = {{{device.ClassId?.ToString() ?? "?"}}} - {DeviceName.Long(device)}");
            if (detail > 1)
            {
                output.WriteLine($"\tDevice_ID = {{{device.InstanceId?.ToString() ?? device.Name}}}");
                output.WriteLine($"\tSysfs path: {device.Path}");
                output.WriteLine($"\tDriver = {device.Driver ?? "none"}{(device.UioName is { } uio ? $" (/dev/{uio})" : "")}, NUMA node = {device.NumaNode?.ToString(CultureInfo.InvariantCulture) ?? "?"}");
            }
            foreach (SysfsChannel channel in device.Channels)
                output.WriteLine($"\tRel_ID={channel.Relid}, target_cpu={Vp(channel)}{(detail > 1 ? $", {Monitor(channel)}" : Flag(channel))}");
            output.WriteLine();
        }
    }

    /// <summary>How the guest signals a channel.</summary>
    public static string Monitor(SysfsChannel channel) => channel.MonitorId is { } id
        ? $"monitor {id}{(channel.Latency is { } latency ? string.Create(CultureInfo.InvariantCulture, $", latency {latency.TotalMicroseconds:0.#} us") : "")}{Flag(channel)}"
        : "no monitor";

    private static string Flag(SysfsChannel channel) => channel.IsLowLatency == true ? ", low latency: by hypercall" : "";

    private static string Vp(SysfsChannel channel) => channel.VpIndex?.ToString(CultureInfo.InvariantCulture) ?? "?";
}

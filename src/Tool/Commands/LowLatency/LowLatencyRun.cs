// What vmbus low-latency does, apart from how it is asked.

using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Finds the channels that have the switch, and sets their flag for good.</summary>
internal static class LowLatencyRun
{
    /// <summary>Whether the flag of a channel does anything: it has a monitor, and a driver in the kernel signals it.</summary>
    public static bool HasSwitch(TopRow row) => row.IsMonitored == true && row.Device.Driver is not (null or VmBusSysfs.UioDriver);

    /// <summary>How the module names a channel.</summary>
    public static (Guid Instance, uint Relid) Key(TopRow row) => (row.Device.InstanceId!.Value, row.Relid == row.Device.Relid ? 0 : row.Relid!.Value);

    /// <summary>The devices of a driver.</summary>
    /// <exception cref="ToolException">It has none.</exception>
    public static IReadOnlyList<SysfsDevice> DevicesOf(VmBusSysfs sysfs, string driver)
    {
        SysfsDevice[] devices = [.. sysfs.ListDevices().Where(device => device.Driver == driver && device.InstanceId is not null)];
        if (devices.Length > 0)
            return devices;
        string[] drivers = [.. sysfs.ListDevices().Select(device => device.Driver).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        throw new ToolException($"no device of this guest has the driver {driver}{(drivers.Length == 0 ? "" : $": drivers are {string.Join(", ", drivers)}")}");
    }

    /// <summary>Has the flag of the devices' channels kept set, or no longer. All or none: where one is refused, the others go back.</summary>
    /// <param name="sysfs">The guest.</param>
    /// <param name="devices">The devices.</param>
    /// <param name="enable">Whether the channels are to signal by hypercall.</param>
    /// <returns>The channels, as they are then.</returns>
    /// <exception cref="LinuxGuestException">The module is not there, or refused.</exception>
    [SupportedOSPlatform("linux")]
    public static IReadOnlyList<LowLatencyChannel> Keep(VmBusSysfs sysfs, IReadOnlyList<SysfsDevice> devices, bool enable)
    {
        List<(Guid Instance, uint Relid)> changed = [];
        List<LowLatencyChannel> now = [];
        try
        {
            foreach (TopRow row in TopRows.From(devices).Where(HasSwitch))
            {
                (Guid Instance, uint Relid) key = Key(row);
                using KernelChannel channel = KernelChannel.Open(key.Instance, key.Relid, sysfs);
                bool wasKept = channel.GetState().IsKept;
                channel.SetLowLatency(enable, keep: true);
                if (wasKept != enable)
                    changed.Add(key);
                now.Add(new LowLatencyChannel(row, channel.GetState()));
            }

            return now;
        }
        catch (VmBusException)
        {
            foreach ((Guid instance, uint relid) in changed)
                GoBack(sysfs, instance, relid, !enable);
            throw;
        }
    }

    [SupportedOSPlatform("linux")]
    private static void GoBack(VmBusSysfs sysfs, Guid instance, uint relid, bool enable)
    {
        try
        {
            using KernelChannel channel = KernelChannel.Open(instance, relid, sysfs);
            channel.SetLowLatency(enable, keep: true);
        }
        catch (VmBusException)
        {
            // It went, and its flag with it; or the module did. The first error is the one to report.
        }
    }
}

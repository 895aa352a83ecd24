// Which device a command line means.

using System.Globalization;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Finds devices by instance, relid, network interface, class or the class's name.</summary>
internal static class DeviceChoice
{
    /// <summary>What may be typed, for help and errors.</summary>
    public const string Forms = "an instance or class GUID, a relid (vmbus:14), a network interface (eth1), or a class as 'vmbus list' names it (balloon, fcopy, \"network adapter\", ...)";

    /// <summary>Finds the devices.</summary>
    /// <param name="sysfs">Where the bus is.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="all">Whether several may be meant.</param>
    /// <returns>At least one.</returns>
    /// <exception cref="UsageException">It cannot mean a device.</exception>
    /// <exception cref="ToolException">There is none, or several and one was asked for.</exception>
    public static IReadOnlyList<SysfsDevice> Find(VmBusSysfs sysfs, string text, bool all = false)
    {
        IReadOnlyList<SysfsDevice> found = [.. sysfs.FindDevices(text).Where(device => device.InstanceId is not null)];
        // What has no class of its own is called by what the listing says of it.
        if (found.Count == 0)
            found = [.. sysfs.ListDevices().Where(device => device.InstanceId is not null && IsListedAs(device, text))];
        if (found.Count == 0 && !VmBusSysfs.IsDeviceName(text))
            throw new UsageException($"'{text}' is not a device: give {Forms}; class names are {string.Join(", ", DeviceClass.Known.Select(one => one.Name))}");
        if (found.Count == 0)
            throw new ToolException($"this guest has no device {text}: it has {Text(sysfs.ListDevices())}");
        if (found.Count > 1 && !all)
            throw new ToolException($"{found.Count} devices are {text}: select one by its instance ({string.Join(", ", found.Select(device => device.InstanceId))}), or give --all");
        return found;
    }

    /// <summary>Devices in one line: what each is, and its relid as a command takes it.</summary>
    public static string Text(IReadOnlyList<SysfsDevice> devices) => devices.Count == 0
        ? "none"
        : string.Join(", ", devices.OrderBy(device => device.Relid ?? uint.MaxValue).Select(device => $"{VmBus.Tool.DeviceName.Long(device)} (vmbus:{device.Relid?.ToString(CultureInfo.InvariantCulture) ?? "?"})"));

    private static bool IsListedAs(SysfsDevice device, string text) =>
        (VmBus.Tool.DeviceName.Long(device) is var name && name != VmBus.Tool.DeviceName.Unknown && text.Equals(name, StringComparison.OrdinalIgnoreCase)) || text.Equals(VmBus.Tool.DeviceName.Short(device), StringComparison.OrdinalIgnoreCase);

    /// <summary>A device in a few words.</summary>
    public static string Name(SysfsDevice device) => $"{device.InstanceId} ({VmBus.Tool.DeviceName.Long(device)})";
}

// Which device a command line means.

using System.Globalization;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Finds devices by instance, relid, class or the class's name.</summary>
internal static class DeviceChoice
{
    /// <summary>What may be typed, for help and errors.</summary>
    public const string Forms = "an instance or class GUID, a relid (vmbus:14), or a class name (network, balloon, fcopy, ...)";

    private const string RelidPrefix = "vmbus:";

    /// <summary>Finds the devices.</summary>
    /// <param name="devices">All there are.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="all">Whether several may be meant.</param>
    /// <returns>At least one.</returns>
    /// <exception cref="UsageException">It means nothing.</exception>
    /// <exception cref="ToolException">There is none, or several and one was asked for.</exception>
    public static IReadOnlyList<SysfsDevice> Find(IReadOnlyList<SysfsDevice> devices, string text, bool all = false)
    {
        IReadOnlyList<SysfsDevice> found = [.. devices.Where(Meant(devices, text)).Where(device => device.InstanceId is not null)];
        if (found.Count == 0)
            throw new ToolException($"this guest has no device {text} ('vmbus list -vv' shows what it has)");
        if (found.Count > 1 && !all)
            throw new ToolException($"{found.Count} devices are {text}: name one by its instance ({string.Join(", ", found.Select(device => device.InstanceId))}), or give --all");
        return found;
    }

    /// <summary>A device in a few words.</summary>
    public static string Name(SysfsDevice device) => $"{device.InstanceId} ({VmBus.Tool.ListText.Name(device)})";

    private static Func<SysfsDevice, bool> Meant(IReadOnlyList<SysfsDevice> devices, string text)
    {
        if (Guid.TryParse(text, out Guid id))
            return devices.Any(device => device.InstanceId == id) ? device => device.InstanceId == id : device => device.ClassId == id;
        string number = text.StartsWith(RelidPrefix, StringComparison.OrdinalIgnoreCase) ? text[RelidPrefix.Length..] : text;
        if (uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out uint relid))
            return device => device.Relid == relid;
        DeviceClass type = DeviceClass.Known.FirstOrDefault(one => one.Name.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new UsageException($"'{text}' is no device: give {Forms}; class names are {string.Join(", ", DeviceClass.Known.Select(one => one.Name))}");
        return device => device.ClassId == type.Id;
    }
}

// What the kernel does when the bus's files are written (Linux drivers/base/bus.c, drivers/hv/vmbus_drv.c), done to a tree.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal sealed class StandInKernel(SysfsTree tree)
{
    private const string Devices = "bus/vmbus/devices/";

    private readonly HashSet<string> _classes = [];

    /// <summary>What was written, file by file, as "driver/file: text".</summary>
    public List<string> Writes { get; } = [];

    /// <summary>What writes to a file answer, by its "driver/file", instead of what they would.</summary>
    public Dictionary<string, Errno> Refusals { get; } = [];

    /// <summary>The driver a device gets when the kernel looks for one, by its instance.</summary>
    public Dictionary<Guid, string> Stock { get; } = [];

    public Errno Write(string path, string text)
    {
        string file = Path.GetFileName(path), owner = Path.GetFileName(Path.GetDirectoryName(path))!;
        if (Refusals.TryGetValue($"{owner}/{file}", out Errno refusal))
            return refusal;
        Writes.Add($"{(file == "driver_override" ? "" : owner + "/")}{file}: {text.TrimEnd()}");
        switch (file)
        {
            case "driver_override" when !Directory.Exists(tree.Full(Devices + owner)):
                return Errno.NoSuchFile;
            case "bind" or "unbind" when !Directory.Exists(tree.Full(Devices + text)):
                return Errno.NoSuchDevice;
            case "driver_override":
                tree.Write($"{Devices}{owner}/driver_override", (text == "\n" ? "(null)" : text) + "\n");
                return Errno.None;
            case "bind":
                if (DriverOf(text) is not null || (owner == VmBusSysfs.UioDriver && !Takes(text)))
                    return Errno.NoSuchDevice;
                Attach(text, owner);
                return Errno.None;
            case "unbind":
                if (DriverOf(text) != owner)
                    return Errno.NoSuchDevice;
                File.Delete(tree.Full($"{Devices}{text}/driver"));
                return Errno.None;
            case "new_id":
                if (!_classes.Add(text))
                    return Errno.AlreadyExists;
                foreach (SysfsDevice device in tree.Sysfs.ListDevices().Where(device => device.Driver is null && Takes(device.Name)))
                    Attach(device.Name, owner);
                return Errno.None;
            case "remove_id":
                return _classes.Remove(text) ? Errno.None : Errno.NoSuchDevice;
            case "drivers_probe" when DriverOf(text) is null && Stock.TryGetValue(Guid.Parse(text), out string? driver):
                Attach(text, driver);
                return Errno.None;
            default:
                return Errno.None;
        }
    }

    private string? DriverOf(string device) => tree.Sysfs.ListDevices().First(one => one.Name == device).Driver;

    private bool Takes(string name)
    {
        SysfsDevice device = tree.Sysfs.ListDevices().First(one => one.Name == name);
        return device.DriverOverride == VmBusSysfs.UioDriver || (device.DriverOverride is null && _classes.Contains(device.ClassId.ToString()!));
    }

    private void Attach(string device, string driver) => File.CreateSymbolicLink(tree.Full($"{Devices}{device}/driver"), "../../drivers/" + driver);
}

// The VMBus of this guest as the kernel shows it. Reads what tools/hv/lsvmbus of Linux reads, and more.

using System.Globalization;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// Finds the devices and channels of this Linux guest. Reading needs no privilege. Each call reads sysfs again; nothing is
/// cached.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class VmBusSysfs
{
    internal const string UioDriver = "uio_hv_generic";

    private const string RelidPrefix = "vmbus:";

    /// <summary>Uses the given folders.</summary>
    /// <param name="sysfs">Where sysfs is mounted; another folder in tests.</param>
    /// <param name="devices">Where device nodes are; another folder in tests.</param>
    public VmBusSysfs(string sysfs = "/sys", string devices = "/dev")
    {
        ArgumentException.ThrowIfNullOrEmpty(sysfs);
        ArgumentException.ThrowIfNullOrEmpty(devices);
        Root = sysfs;
        DeviceRoot = devices;
    }

    /// <summary>Where sysfs is.</summary>
    public string Root { get; }

    /// <summary>Where device nodes are.</summary>
    public string DeviceRoot { get; }

    /// <summary>Whether this guest has a VMBus.</summary>
    public bool IsPresent => Bus.Exists;

    /// <summary>Writes a file of sysfs in place of the kernel; tests have their own.</summary>
    internal Func<string, string, Errno>? WriteFile { get; init; }

    /// <summary>Opens a device node in place of the kernel; tests have their own.</summary>
    internal Func<string, IUioFile>? OpenNode { get; init; }

    /// <summary>Bytes of a page of the kernel: 65536 on some arm64. Another number in tests.</summary>
    internal int PageSize { get; init; } = Environment.SystemPageSize;

    /// <summary>Maps the beginning of a subchannel's <c>ring</c> file in place of the kernel; tests have their own.</summary>
    internal Func<string, long, MappedMemory>? MapRing { get; init; }

    /// <summary>Opens the module's node in place of the kernel; tests have their own.</summary>
    internal Func<DeviceAccess, ISignalFile>? OpenSignal { get; init; }

    internal SysfsFolder Bus => new(Path.Combine(Root, "bus", "vmbus"));

    internal SysfsFolder Drivers => Bus.Folder("drivers");

    /// <summary>Lists the devices, by name. Devices that disappear during the call are left out.</summary>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    public IReadOnlyList<SysfsDevice> ListDevices() => ListDevices([]);

    /// <summary>Lists the devices again: of those that are still there, what never changes is not read again.</summary>
    /// <param name="before">What was listed before.</param>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    internal IReadOnlyList<SysfsDevice> ListDevices(IReadOnlyList<SysfsDevice> before)
    {
        CheckPresent();
        Dictionary<string, SysfsDevice> known = before.ToDictionary(device => device.Path, StringComparer.Ordinal);
        return [.. Bus.Folder("devices").Folders().Select(folder => SysfsDevice.Read(folder, known.GetValueOrDefault(folder.Path))).OfType<SysfsDevice>()];
    }

    /// <summary>Lists the devices, by name, with what they are called and their drivers alone: quick where a guest has thousands of sockets.</summary>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    internal IReadOnlyList<SysfsDevice> ListNames()
    {
        CheckPresent();
        return [.. Bus.Folder("devices").Folders().Select(SysfsDevice.ReadName).OfType<SysfsDevice>()];
    }

    /// <summary>Finds a device.</summary>
    /// <param name="instanceId">Its instance GUID.</param>
    /// <returns>The device; <see langword="null"/> if the bus has none with this instance.</returns>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    public SysfsDevice? FindDevice(Guid instanceId)
    {
        CheckPresent();
        SysfsFolder folder = Bus.Folder("devices").Folder(instanceId.ToString("D"));
        if (folder.Exists)
            return SysfsDevice.Read(folder);

        // Kernels before 4.17 name the folders otherwise.
        return Read(ListNames().Where(device => device.InstanceId == instanceId)).FirstOrDefault();
    }

    /// <summary>Finds devices by a name.</summary>
    /// <param name="name">
    /// A network interface (<c>eth1</c>), an instance or class GUID, a relid (<c>14</c> or <c>vmbus:14</c>), or the name or
    /// description of a class (<c>fcopy</c>, <c>guest file copy</c>: see <see cref="DeviceClass.Known"/>).
    /// </param>
    /// <returns>The matching devices; empty if there are none.</returns>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    public IReadOnlyList<SysfsDevice> FindDevices(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        IReadOnlyList<SysfsDevice> devices = ListNames();
        return Read(devices.Where(Called(devices, name)));
    }

    /// <summary>Finds devices of a class.</summary>
    /// <exception cref="LinuxGuestException">There is no VMBus.</exception>
    internal IReadOnlyList<SysfsDevice> FindDevices(DeviceClass type) => Read(ListNames().Where(device => device.ClassId == type.Id));

    private static SysfsDevice[] Read(IEnumerable<SysfsDevice> named) => [.. named.Select(device => SysfsDevice.Read(new SysfsFolder(device.Path))).OfType<SysfsDevice>()];

    private Func<SysfsDevice, bool> Called(IReadOnlyList<SysfsDevice> devices, string name)
    {
        if (Guid.TryParse(name, out Guid id))
            return devices.Any(device => device.InstanceId == id) ? device => device.InstanceId == id : device => device.ClassId == id;
        if (TryParseRelid(name, out uint relid))
            return device => device.Relid == relid;
        if (ClassCalled(name) is { } type)
            return device => device.ClassId == type.Id;
        // An interface's device is the folder of the bus's device, or that of another bus. A name with a slash would be a path.
        string? folder = name.Contains('/', StringComparison.Ordinal) ? null : new SysfsFolder(Path.Combine(Root, "class", "net", name)).Link("device");
        return device => device.Name == folder;
    }

    /// <summary>Whether a name could be a device's, apart from a network interface's, whether or not there is one.</summary>
    internal static bool IsDeviceName(string name) => Guid.TryParse(name, out _) || TryParseRelid(name, out _) || ClassCalled(name) is not null;

    private static bool TryParseRelid(string name, out uint relid)
    {
        string number = name.StartsWith(RelidPrefix, StringComparison.OrdinalIgnoreCase) ? name[RelidPrefix.Length..] : name;
        return uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out relid);
    }

    private static DeviceClass? ClassCalled(string name) =>
        DeviceClass.Known.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || one.Description.Equals(name, StringComparison.OrdinalIgnoreCase));

    internal SysfsDevice GetDevice(Guid instanceId) => FindDevice(instanceId)
        ?? throw NoDevice($"with instance {instanceId}");

    /// <summary>That a device is not there, and which are.</summary>
    /// <param name="wanted">Which is not, behind "device".</param>
    internal LinuxGuestException NoDevice(string wanted)
    {
        string[] there = [.. ListNames().OrderBy(device => device.Relid ?? uint.MaxValue)
            .Select(device => $"{device.Class?.Name ?? $"class {device.ClassId?.ToString() ?? "unknown"}"} {device.InstanceId?.ToString() ?? device.Name}")];
        return new(LinuxGuestError.NoDevice, $"The bus has no device {wanted}. {(there.Length == 0 ? $"{Bus.Path}/devices is empty." : $"It has: {string.Join(", ", there)}.")}");
    }

    private void CheckPresent()
    {
        if (!IsPresent)
            throw new LinuxGuestException(LinuxGuestError.NoVmBus, $"No VMBus here: {Bus.Path} does not exist. It exists in guests of Hyper-V whose kernel has hv_vmbus.");
    }
}

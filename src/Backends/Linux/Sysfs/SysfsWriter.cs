// The files of the bus that are written: bind, unbind, new_id, remove_id, driver_override, drivers_probe. Mirrors the store
// functions of Linux drivers/base/bus.c and drivers/hv/vmbus_drv.c.

using System.Runtime.Versioning;
using System.Text;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>Writes the bus's files; what the kernel answers becomes an error that says what to do.</summary>
/// <param name="sysfs">Where the bus is.</param>
/// <param name="write">Writes a text to a file in one call; tests have their own.</param>
[SupportedOSPlatform("linux")]
internal sealed class SysfsWriter(VmBusSysfs sysfs, Func<string, string, Errno> write)
{
    private const Errno KernelNotSupported = (Errno)524;    // ENOTSUPP, which drivers return and no C library knows

    public static bool CanOverride(SysfsDevice device) => File.Exists(Path.Combine(device.Path, "driver_override"));

    public static string? DriverOf(SysfsDevice device) => new SysfsFolder(device.Path).Link("driver");

    /// <summary>Writes a file of sysfs. The store function's error is the answer.</summary>
    public static Errno WriteFile(string path, string text)
    {
        try
        {
            using DeviceFile file = DeviceFile.Open(path, DeviceAccess.Write, nonBlocking: false);
            return file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (ErrnoException e)
        {
            return e.Errno;
        }
    }

    /// <summary>Fails when the driver is not there.</summary>
    public void CheckModule(string driver)
    {
        // A name with a slash would be a path.
        if (driver.Contains('/', StringComparison.Ordinal) || driver is "." or ".." || !Driver(driver).Exists)
        {
            throw new LinuxGuestException(LinuxGuestError.NoModule,
                $"The kernel has no driver {driver} now ({Driver(driver).Path} does not exist): load it with \"modprobe {driver}\".");
        }
    }

    /// <summary>Says which driver alone may have the device; <see langword="null"/> for any.</summary>
    public void Override(SysfsDevice device, string? driver)
    {
        string path = Path.Combine(device.Path, "driver_override");
        Check(Write(path, driver ?? "\n"), path, $"Setting the driver of {device.Name} to {driver ?? "any"}");
    }

    public void Bind(string driver, string device)
    {
        string path = Driver(driver).Path + "/bind";
        Errno error = Write(path, device);
        if (driver == VmBusSysfs.UioDriver && error is Errno.NotSupported or KernelNotSupported)
        {
            throw new LinuxGuestException(LinuxGuestError.KernelTooOld,
                $"{driver} refuses {device}: its channel has no monitor, which needs a newer kernel (6.1 refuses it, 6.12 does not).");
        }

        if (error == Errno.NoSuchDevice && driver != VmBusSysfs.UioDriver)
        {
            throw new LinuxGuestException(LinuxGuestError.Refused,
                $"{driver} does not accept {device}: another driver has it, or it is not a device for {driver}. See the kernel's log for details.");
        }

        if (error == Errno.NoSuchDevice)
        {
            throw new LinuxGuestException(LinuxGuestError.Refused,
                $"{driver} does not accept {device}: another driver has it, the driver does not know its class, or its channel has no monitor and the kernel is too old for that (6.1 is, 6.12 is not). See the kernel's log for details.");
        }

        Check(error, path, $"Binding {device} to {driver}");
    }

    /// <summary>Takes a device from a driver. That it has none, or is gone, is as good.</summary>
    public void Unbind(string driver, string device)
    {
        string path = Driver(driver).Path + "/unbind";
        if (Write(path, device) is not (Errno.NoSuchDevice or Errno.NoSuchFile) and var error)
            Check(error, path, $"Unbinding {device} from {driver}");
    }

    /// <summary>Makes the driver take a class. Returns whether it did not before.</summary>
    public bool AddClass(string driver, Guid classId)
    {
        string path = Driver(driver).Path + "/new_id";
        Errno error = Write(path, classId.ToString("D"));
        if (error == Errno.AlreadyExists)
            return false;
        Check(error, path, $"Adding class {classId} to {driver}");
        return true;
    }

    public void RemoveClass(string driver, Guid classId)
    {
        string path = Driver(driver).Path + "/remove_id";
        Check(Write(path, classId.ToString("D")), path, $"Removing class {classId} from {driver}");
    }

    /// <summary>Has the kernel look for a driver. That none takes the device is no error.</summary>
    public void Probe(string device)
    {
        string path = sysfs.Bus.Path + "/drivers_probe";
        if (Write(path, device) is not (Errno.NoSuchDevice or Errno.InvalidArgument) and var error)
            Check(error, path, $"Finding {device} a driver");
    }

    private SysfsFolder Driver(string name) => sysfs.Drivers.Folder(name);

    private Errno Write(string path, string text) => write(path, text);

    private static void Check(Errno error, string path, string what)
    {
        if (error == Errno.None)
            return;
        ErrnoException cause = new($"write to {path}", error);
        throw error switch
        {
            Errno.AccessDenied or Errno.OperationNotPermitted => new LinuxGuestException(LinuxGuestError.NotPermitted, $"{what} needs root. {cause.Message}", cause),
            Errno.NoSuchFile => new LinuxGuestException(LinuxGuestError.KernelTooOld, $"{what}: this kernel has no {path}.", cause),
            Errno.Busy => new LinuxGuestException(LinuxGuestError.InUse, $"{what}: it is in use. {cause.Message}", cause),
            _ => new LinuxGuestException(LinuxGuestError.Refused, $"{what}: the kernel refused. {cause.Message}", cause),
        };
    }
}

// Binds a device to uio_hv_generic, or another driver, and, when asked, puts things back. Mirrors what driverctl does with the bus's sysfs files,
// and the recipe in Linux drivers/uio/uio_hv_generic.c.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// A binding of a device or a device class to a driver such as <c>uio_hv_generic</c>, through sysfs. Needs root. On request,
/// <see cref="Dispose"/> undoes it: the devices return to their previous drivers.
/// </summary>
/// <remarks>
/// Not thread-safe. Close the <see cref="VmBusDevice"/> first: the kernel removes the device while it is in use.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class VmBusBinding : IDisposable
{
    private readonly SysfsWriter _writer;
    private readonly bool _undo;
    private readonly string _driver;
    private readonly Stack<Action> _steps = [];     // what undoes what was done, the last first

    private VmBusBinding(VmBusSysfs sysfs, string driver, bool undo, Func<string, string, Errno> write)
    {
        _driver = driver;
        _writer = new SysfsWriter(sysfs, write);
        _undo = undo;
    }

    /// <summary>Binds one device, by <c>driver_override</c>; on kernels without it, by its class.</summary>
    /// <param name="sysfs">The sysfs of the bus.</param>
    /// <param name="instanceId">Its instance.</param>
    /// <param name="undoOnDispose">Whether <see cref="Dispose"/> undoes it.</param>
    /// <param name="driver">The driver to bind it to.</param>
    /// <returns>The binding. A device that is already bound is not changed.</returns>
    /// <exception cref="LinuxGuestException">
    /// No such device, not root, the module is not loaded, or the kernel refused. Completed steps are undone.
    /// </exception>
    public static VmBusBinding Bind(VmBusSysfs sysfs, Guid instanceId, bool undoOnDispose = false, string driver = VmBusSysfs.UioDriver)
    {
        ArgumentException.ThrowIfNullOrEmpty(driver);
        return Bind(sysfs, instanceId, undoOnDispose, sysfs?.WriteFile ?? SysfsWriter.WriteFile, driver);
    }

    internal static VmBusBinding Bind(VmBusSysfs sysfs, Guid instanceId, bool undoOnDispose, Func<string, string, Errno> write, string driver = VmBusSysfs.UioDriver)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        SysfsDevice device = sysfs.GetDevice(instanceId);
        VmBusBinding binding = new(sysfs, driver, undoOnDispose, write);
        binding.Attempt(() => binding.BindDevice(device));
        return binding;
    }

    /// <summary>
    /// Binds a class to the driver, by <c>new_id</c>: devices of the class without a driver are bound at once, and those that
    /// appear later are bound too. Devices with a driver keep it.
    /// </summary>
    /// <param name="sysfs">The sysfs of the bus.</param>
    /// <param name="classId">The class: see <see cref="DeviceClass"/>.</param>
    /// <param name="undoOnDispose">Whether <see cref="Dispose"/> undoes it.</param>
    /// <returns>The binding. A class that the driver already serves is not changed.</returns>
    /// <exception cref="LinuxGuestException">Not root, the module is not loaded, or the kernel refused.</exception>
    public static VmBusBinding BindClass(VmBusSysfs sysfs, Guid classId, bool undoOnDispose = false)
        => BindClass(sysfs, classId, undoOnDispose, sysfs?.WriteFile ?? SysfsWriter.WriteFile);

    internal static VmBusBinding BindClass(VmBusSysfs sysfs, Guid classId, bool undoOnDispose, Func<string, string, Errno> write)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        VmBusBinding binding = new(sysfs, VmBusSysfs.UioDriver, undoOnDispose, write);
        binding.Attempt(() => binding.AddClass(classId));
        return binding;
    }

    /// <summary>Unbinds a device from its driver, and clears <c>driver_override</c>.</summary>
    /// <param name="sysfs">The sysfs of the bus.</param>
    /// <param name="instanceId">Its instance.</param>
    /// <param name="probe">Whether to ask the kernel to find a driver again.</param>
    /// <exception cref="LinuxGuestException">No such device, not root, or the kernel refused.</exception>
    public static void Unbind(VmBusSysfs sysfs, Guid instanceId, bool probe = true)
        => Unbind(sysfs, instanceId, probe, sysfs?.WriteFile ?? SysfsWriter.WriteFile);

    internal static void Unbind(VmBusSysfs sysfs, Guid instanceId, bool probe, Func<string, string, Errno> write)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        SysfsDevice device = sysfs.GetDevice(instanceId);
        SysfsWriter writer = new(sysfs, write);
        if (device.Driver is { } driver)
            writer.Unbind(driver, device.Name);
        if (device.DriverOverride is not null)
            writer.Override(device, null);
        if (probe)
            writer.Probe(device.Name);
    }

    /// <summary>Undoes the binding, if requested.</summary>
    /// <exception cref="LinuxGuestException">The kernel refused a step; the later steps were still done.</exception>
    public void Dispose()
    {
        if (_undo && Undo() is { } error)
            throw error;
    }

    private void BindDevice(SysfsDevice device)
    {
        if (device.Driver == _driver)
            return;
        _writer.CheckModule(_driver);
        if (!SysfsWriter.CanOverride(device))
        {
            AddClass(device.ClassId ?? throw new LinuxGuestException(LinuxGuestError.BadContents, $"{device.Path}/class_id contains no class."));
        }
        else if (device.DriverOverride != _driver)
        {
            _writer.Override(device, _driver);
            _steps.Push(() => _writer.Override(device, device.DriverOverride));
        }

        if (device.Driver is { } driver)
        {
            _writer.Unbind(driver, device.Name);
            _steps.Push(() => _writer.Bind(driver, device.Name));
        }

        // A new class binds a device that has no driver by itself.
        if (SysfsWriter.DriverOf(device) != _driver)
            _writer.Bind(_driver, device.Name);
        _steps.Push(() => _writer.Unbind(_driver, device.Name));
    }

    private void AddClass(Guid classId)
    {
        _writer.CheckModule(_driver);
        if (_writer.AddClass(_driver, classId))
            _steps.Push(() => _writer.RemoveClass(_driver, classId));
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (LinuxGuestException error)
        {
            if (Undo() is { } also)
                throw new LinuxGuestException(error.Error, $"{error.Message} The earlier changes could not be undone either: {also.Message}", error);
            throw;
        }
    }

    /// <summary>Takes every step back, and returns the first error.</summary>
    internal LinuxGuestException? Undo()
    {
        LinuxGuestException? first = null;
        while (_steps.TryPop(out Action? step))
        {
            try
            {
                step();
            }
            catch (LinuxGuestException error)
            {
                first ??= error;
            }
        }

        return first;
    }
}

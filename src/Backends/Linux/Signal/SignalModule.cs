// Where the kernel module is found, and how a descriptor of it becomes a channel's.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>The kernel module <c>vmbus_signal</c> of a guest.</summary>
internal static class SignalModule
{
    /// <summary>What to do where it is missing: one sentence, for errors and for commands.</summary>
    public const string Advice = "load the module vmbus_signal (modprobe vmbus_signal; see docs/kernel-module.md to build it)";

    /// <summary>Where the node is.</summary>
    public static string PathIn(VmBusSysfs sysfs) => Path.Combine(sysfs.DeviceRoot, "vmbus", "signal");

    /// <summary>Opens the module for one channel.</summary>
    /// <param name="sysfs">Where device nodes are.</param>
    /// <param name="instance">The instance of the device.</param>
    /// <param name="relid">The channel; 0 for the primary.</param>
    /// <param name="uioDescriptor">The open UIO device, where that is what gives the right; or <see cref="SignalModuleBind.NoUio"/>.</param>
    /// <param name="access">Whether only to look.</param>
    /// <param name="error">Why there is none.</param>
    /// <returns>The descriptor, bound; <see langword="null"/> where the kernel or the module refused.</returns>
    [SupportedOSPlatform("linux")]
    public static ISignalFile? TryOpen(VmBusSysfs sysfs, Guid instance, uint relid, int uioDescriptor, DeviceAccess access, out Errno error)
    {
        ISignalFile file;
        try
        {
            file = sysfs.OpenSignal is { } open ? open(access) : new SignalFile(DeviceFile.Open(PathIn(sysfs), access));
        }
        catch (ErrnoException refused)
        {
            error = refused.Errno;
            return null;
        }

        // Another interface would take these calls for something else.
        error = file.Version(out uint version);
        if (error == Errno.None && version != SignalModuleControl.InterfaceVersion)
            error = Errno.NotSupported;
        if (error == Errno.None)
            error = file.Bind(instance, relid, uioDescriptor);
        if (error == Errno.None)
            return file;
        file.Dispose();
        return null;
    }
}

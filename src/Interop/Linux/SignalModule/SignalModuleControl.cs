// The control calls of /dev/vmbus/signal, the node of this project's kernel module. Mirrors VMBUS_SIGNAL_IOC_*
// (src/Kernel/vmbus_signal.h).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// The calls of the module <c>vmbus_signal</c>: each is one <c>ioctl</c>, whose error number is the answer. Thread-safe;
/// nothing allocates.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SignalModuleControl
{
    /// <summary>The version of the interface that is mirrored here: <c>VMBUS_SIGNAL_VERSION</c>.</summary>
    public const uint InterfaceVersion = 1;

    private const byte Magic = 0xB9;    // VMBUS_SIGNAL_IOC_MAGIC

    internal static uint VersionNumber { get; } = IoctlNumber.Read<uint>(Magic, 0x00);

    internal static uint BindNumber { get; } = IoctlNumber.Write<SignalModuleBind>(Magic, 0x01);

    internal static uint SignalNumber { get; } = IoctlNumber.Plain(Magic, 0x02);

    internal static uint SetLowLatencyNumber { get; } = IoctlNumber.Write<SignalModuleLowLatency>(Magic, 0x03);

    internal static uint GetStateNumber { get; } = IoctlNumber.Read<SignalModuleState>(Magic, 0x04);

    /// <summary><c>VMBUS_SIGNAL_IOC_VERSION</c>.</summary>
    public static Errno Version(DeviceFile device, out uint version)
    {
        ArgumentNullException.ThrowIfNull(device);
        version = 0;
        return device.Control(VersionNumber, ref version, out _);
    }

    /// <summary><c>VMBUS_SIGNAL_IOC_BIND</c>: makes the descriptor one channel's, once.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="instance">The instance of the device.</param>
    /// <param name="relid">The channel; 0 for the primary.</param>
    /// <param name="uioDescriptor">An open, writable descriptor of the device's own UIO node, or <see cref="SignalModuleBind.NoUio"/>.</param>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public static Errno Bind(DeviceFile device, Guid instance, uint relid, int uioDescriptor)
    {
        ArgumentNullException.ThrowIfNull(device);
        var argument = new SignalModuleBind { Instance = instance, Relid = relid, UioDescriptor = uioDescriptor };
        return device.Control(BindNumber, ref argument, out _);
    }

    /// <summary><c>VMBUS_SIGNAL_IOC_SIGNAL</c>: HvCallSignalEvent for the channel, now.</summary>
    /// <returns><see cref="Errno.None"/>; <see cref="Errno.TryAgain"/> when the signal was not needed and there were too many.</returns>
    public static Errno Signal(DeviceFile device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Control(SignalNumber);
    }

    /// <summary><c>VMBUS_SIGNAL_IOC_SET_LOW_LATENCY</c>: asks for the flag, or takes the request back.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="enable">Whether the flag is to be set.</param>
    /// <param name="scope"><see cref="SignalModuleLowLatency.ScopeDescriptor"/> or <see cref="SignalModuleLowLatency.ScopeKept"/>.</param>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public static Errno SetLowLatency(DeviceFile device, bool enable, uint scope)
    {
        ArgumentNullException.ThrowIfNull(device);
        var argument = new SignalModuleLowLatency { Enable = enable ? 1u : 0, Scope = scope };
        return device.Control(SetLowLatencyNumber, ref argument, out _);
    }

    /// <summary><c>VMBUS_SIGNAL_IOC_GET_STATE</c>.</summary>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public static Errno GetState(DeviceFile device, out SignalModuleState state)
    {
        ArgumentNullException.ThrowIfNull(device);
        state = default;
        return device.Control(GetStateNumber, ref state, out _);
    }
}

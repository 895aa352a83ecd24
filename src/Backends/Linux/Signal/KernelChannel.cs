// The switch of the 2016 patch on a channel that a kernel driver owns. Mirrors the user's side of src/Kernel/vmbus_signal.c.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// A channel of any driver of this Linux guest, through the kernel module <c>vmbus_signal</c>: how it signals its
/// host, and the flag <c>low_latency</c>, which makes it signal by hypercall instead of by monitor.
/// </summary>
/// <remarks>
/// <para>Opening a channel changes nothing. A requested flag is cleared when this is closed or the process ends, unless it
/// is kept or another process also requests it.</para>
/// <para>Reading needs access to the node <c>/dev/vmbus/signal</c>; setting the flag needs <c>CAP_SYS_ADMIN</c>.</para>
/// <para>Thread-safe.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class KernelChannel : IDisposable
{
    private readonly ISignalFile _file;
    private readonly string _name;

    private KernelChannel(ISignalFile file, Guid instanceId, string name)
    {
        _file = file;
        _name = name;
        InstanceId = instanceId;
    }

    /// <summary>The instance of the device.</summary>
    public Guid InstanceId { get; }

    /// <summary>Returns whether the module is loaded.</summary>
    /// <param name="sysfs">Where device nodes are; <see langword="null"/> for <c>/dev</c>.</param>
    public static bool IsAvailable(VmBusSysfs? sysfs = null)
    {
        sysfs ??= new VmBusSysfs();
        return sysfs.OpenSignal is not null || File.Exists(SignalModule.PathIn(sysfs));
    }

    /// <summary>Finds a channel.</summary>
    /// <param name="instanceId">The instance of its device.</param>
    /// <param name="relid">The channel; 0 for the primary. See <see cref="SysfsDevice.Channels"/>.</param>
    /// <param name="sysfs">Where device nodes are; <see langword="null"/> for <c>/dev</c>.</param>
    /// <returns>
    /// The channel. Without the right to set the flag, its state can be read: see <see cref="KernelChannelState.MayRequest"/>.
    /// </returns>
    /// <exception cref="LinuxGuestException">
    /// The module, the device or the channel does not exist, or the node cannot be opened.
    /// </exception>
    public static KernelChannel Open(Guid instanceId, uint relid = 0, VmBusSysfs? sysfs = null)
    {
        sysfs ??= new VmBusSysfs();
        string name = relid == 0 ? $"device {instanceId}" : $"channel {relid} of device {instanceId}";
        ISignalFile? file = SignalModule.TryOpen(sysfs, instanceId, relid, SignalModuleBind.NoUio, DeviceAccess.ReadWrite, out Errno error);
        if (file is null && error is Errno.AccessDenied or Errno.OperationNotPermitted)
            file = SignalModule.TryOpen(sysfs, instanceId, relid, SignalModuleBind.NoUio, DeviceAccess.Read, out error);
        return file is not null ? new KernelChannel(file, instanceId, name) : throw Refused(sysfs, name, error);
    }

    /// <summary>How the channel signals now.</summary>
    /// <exception cref="PeerDisconnectedException">
    /// The channel has ended: its device was removed or its driver unbound.
    /// </exception>
    /// <exception cref="ObjectDisposedException">This object is closed.</exception>
    public KernelChannelState GetState()
    {
        Errno error = _file.GetState(out SignalModuleState state);
        return error == Errno.None ? KernelChannelState.From(state) : throw Failed("read", error);
    }

    /// <summary>Requests the flag, or withdraws the request. It applies from the driver's next signal on.</summary>
    /// <param name="enable">Whether the channel signals by hypercall.</param>
    /// <param name="keep">
    /// Whether the request outlives this object and its process. A kept flag is cleared by <paramref name="enable"/>
    /// <see langword="false"/> with <paramref name="keep"/> <see langword="true"/>, and when the driver or the module is removed.
    /// </param>
    /// <exception cref="LinuxGuestException">It needs <c>CAP_SYS_ADMIN</c>.</exception>
    /// <exception cref="PeerDisconnectedException">
    /// The channel has ended: its device was removed or its driver unbound.
    /// </exception>
    /// <exception cref="ObjectDisposedException">This object is closed.</exception>
    public void SetLowLatency(bool enable, bool keep = false)
    {
        Errno error = _file.SetLowLatency(enable, keep);
        if (error != Errno.None)
            throw Failed("set", error);
    }

    /// <summary>Withdraws the request for the flag, unless it is kept. Can be called more than once.</summary>
    public void Dispose() => _file.Dispose();

    private static LinuxGuestException Refused(VmBusSysfs sysfs, string name, Errno error)
    {
        string path = SignalModule.PathIn(sysfs);
        return error switch
        {
            Errno.NoSuchFile when !IsAvailable(sysfs) => new(LinuxGuestError.NoModule, $"{path} does not exist: {SignalModule.Advice}."),
            Errno.NoSuchFile => new(LinuxGuestError.NoDevice, $"The bus has no {name}."),
            Errno.NoSuchAddress => new(LinuxGuestError.NotBound, $"The {name} has no driver, so its channel is closed."),
            Errno.NoSuchDevice => new(LinuxGuestError.NoDevice, $"The {name} went away."),
            Errno.AccessDenied or Errno.OperationNotPermitted => new(LinuxGuestError.NotPermitted, $"{path} cannot be opened: it needs root, or the udev rule of the module."),
            Errno.NotSupported or Errno.NoSuchControl => new(LinuxGuestError.KernelTooOld, $"{path} belongs to another version of the module: {SignalModule.Advice}."),
            _ => new(LinuxGuestError.Refused, $"{path} refused the {name}.", new ErrnoException("bind", error)),
        };
    }

    private Exception Failed(string what, Errno error) => error switch
    {
        Errno.NoSuchDevice => new PeerDisconnectedException($"The {_name} has ended: the device or its driver is gone."),
        Errno.OperationNotPermitted or Errno.AccessDenied or Errno.BadDescriptor
            => new LinuxGuestException(LinuxGuestError.NotPermitted, $"The flag of {_name} could not be {what}: it needs CAP_SYS_ADMIN."),
        _ => new LinuxGuestException(LinuxGuestError.Refused, $"The flag of {_name} could not be {what}.", new ErrnoException("ioctl", error)),
    };
}

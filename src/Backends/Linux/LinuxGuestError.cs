namespace VmBus.Linux;

/// <summary>What kept the Linux kernel's VMBus interfaces from being used.</summary>
public enum LinuxGuestError
{
    /// <summary>No VMBus here: not a Hyper-V guest, or <c>hv_vmbus</c> is not loaded.</summary>
    NoVmBus = 0,

    /// <summary>No such device on the bus, or it went away meanwhile.</summary>
    NoDevice,

    /// <summary>The device is not bound to <c>uio_hv_generic</c>.</summary>
    NotBound,

    /// <summary>Not permitted: root or the fitting capability is needed.</summary>
    NotPermitted,

    /// <summary>The kernel module that does this is not loaded.</summary>
    NoModule,

    /// <summary>This kernel lacks what is needed.</summary>
    KernelTooOld,

    /// <summary>The kernel refused, for a reason the message tells.</summary>
    Refused,

    /// <summary>Another process uses the device.</summary>
    InUse,

    /// <summary>A map of the device is missing, too short, or of an impossible size.</summary>
    BadMap,

    /// <summary>What the kernel shows of the device makes no sense.</summary>
    BadContents,

    /// <summary>Several devices have this name.</summary>
    SeveralDevices,
}

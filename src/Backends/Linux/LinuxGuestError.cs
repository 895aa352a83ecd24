namespace VmBus.Linux;

/// <summary>Why the Linux kernel's VMBus interfaces cannot be used.</summary>
public enum LinuxGuestError
{
    /// <summary>No VMBus: not a Hyper-V guest, or <c>hv_vmbus</c> is not loaded.</summary>
    NoVmBus = 0,

    /// <summary>No such device on the bus, or it was removed during the call.</summary>
    NoDevice,

    /// <summary>The device is not bound to <c>uio_hv_generic</c>.</summary>
    NotBound,

    /// <summary>Not permitted: root or a capability is needed.</summary>
    NotPermitted,

    /// <summary>The required kernel module is not loaded.</summary>
    NoModule,

    /// <summary>This kernel lacks a required feature.</summary>
    KernelTooOld,

    /// <summary>The kernel refused; the message gives the reason.</summary>
    Refused,

    /// <summary>Another process uses the device.</summary>
    InUse,

    /// <summary>A map of the device is missing, too short, or of an invalid size.</summary>
    BadMap,

    /// <summary>The kernel's data about the device is invalid.</summary>
    BadContents,

    /// <summary>Several devices match this name.</summary>
    SeveralDevices,
}

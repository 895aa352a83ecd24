// What a channel offers. Mirrors VMBUS_CHANNEL_* (Linux include/linux/hyperv.h) and OfferFlags (OpenVMM vmbus_core protocol.rs).

namespace VmBus.Layout;

/// <summary>The flags of a channel offer: <c>chn_flags</c> of <see cref="ChannelOffer"/>.</summary>
[Flags]
public enum OfferFlags : ushort
{
    /// <summary>No flags.</summary>
    None = 0,

    /// <summary><c>VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE</c>: enumerate the device.</summary>
    EnumerateDeviceInterface = 0x1,

    /// <summary>The ring can be in confidential memory. In older protocols: the server supports transfer pages.</summary>
    ConfidentialRingBuffer = 0x2,

    /// <summary>
    /// GPADLs and GPA-direct packets can refer to confidential memory. In older protocols: the server supports GPADLs.
    /// </summary>
    ConfidentialExternalMemory = 0x4,

    /// <summary>Memory that packets refer to must be pinned.</summary>
    RequirePinned = 0x8,

    /// <summary><c>VMBUS_CHANNEL_NAMED_PIPE_MODE</c>: the channel is a pipe.</summary>
    NamedPipeMode = 0x10,

    /// <summary><c>VMBUS_CHANNEL_LOOPBACK_OFFER</c>.</summary>
    LoopbackOffer = 0x100,

    /// <summary><c>VMBUS_CHANNEL_PARENT_OFFER</c>.</summary>
    ParentOffer = 0x200,

    /// <summary><c>VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION</c>: the device wants a monitor.</summary>
    RequestMonitoredNotification = 0x400,

    /// <summary><c>VMBUS_CHANNEL_TLNPI_PROVIDER_OFFER</c>: a socket channel.</summary>
    TlnpiProviderOffer = 0x2000,
}

// Where one channel stands between its device and the guest. What ChannelState is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>Where one channel stands between its device and the guest.</summary>
internal enum HostChannelState
{
    /// <summary>The guest does not know it; it has no relid. GPADLs of a former connection may still be torn down.</summary>
    Unoffered,

    /// <summary>The guest knows it.</summary>
    Closed,

    /// <summary>The guest wants it open, the device has not answered.</summary>
    Opening,

    /// <summary>Both have it open.</summary>
    Open,

    /// <summary>The guest has closed it, the device has not answered.</summary>
    Closing,

    /// <summary>As <see cref="Closing"/>, and the guest already wants it open again.</summary>
    ClosingReopen,

    /// <summary>The device is gone, the guest still holds the relid.</summary>
    Revoked,

    /// <summary>The guest is gone, the device has not answered an open.</summary>
    OpeningReleased,

    /// <summary>The guest is gone, the device has not answered a close.</summary>
    ClosingReleased,
}

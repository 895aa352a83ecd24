// Whether a connection stands. Mirrors connection_state of vmbus_channel_version_response (Linux include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>The state of a connection in <see cref="VersionResponse"/> and <see cref="ModifyConnectionResponse"/>.</summary>
internal enum ConnectionState : byte
{
    /// <summary>The connection stands.</summary>
    Successful = 0,

    /// <summary>The host lacks resources.</summary>
    FailedLowResources = 1,

    /// <summary>The host gives no reason.</summary>
    FailedUnknown = 2,
}

// Where a host's connection to its guest stands. What ConnectionState is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>Where a host's connection to its guest stands.</summary>
internal enum HostState
{
    /// <summary>The guest has not made contact, or has left. Reserved channels may still be open.</summary>
    Disconnected,

    /// <summary>The guest has made contact; <see cref="HostAction.Connect"/> waits for its answer.</summary>
    Connecting,

    /// <summary>A version is negotiated.</summary>
    Connected,

    /// <summary>Connected, but the guest wants no messages for now.</summary>
    Paused,

    /// <summary>The guest has left, makes contact again or was reset; devices have not released everything yet.</summary>
    Disconnecting,
}

// How far a guest's connection is. Mirrors enum vmbus_connect_state (Linux drivers/hv/hyperv_vmbus.h), with the pauses and
// the unloading that Linux keeps elsewhere.

namespace VmBus.Protocol;

/// <summary>How far a guest's connection is.</summary>
internal enum GuestConnectionState
{
    /// <summary>There is none.</summary>
    Disconnected,

    /// <summary>A version was proposed, and the host has not answered.</summary>
    Negotiating,

    /// <summary>The connection stands.</summary>
    Connected,

    /// <summary>The host was asked to send no more messages, and may still send some.</summary>
    Pausing,

    /// <summary>The host sends no messages, and none is posted to it.</summary>
    Paused,

    /// <summary>The host was told that the guest leaves, and has not answered.</summary>
    Unloading,
}

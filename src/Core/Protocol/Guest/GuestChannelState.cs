// What condition a channel is in, as the guest sees it. Mirrors enum vmbus_channel_state and the rescind flag (Linux
// include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>What condition a channel is in.</summary>
internal enum GuestChannelState
{
    /// <summary>It is offered, and not open.</summary>
    Offered,

    /// <summary>The host was asked to open it.</summary>
    Opening,

    /// <summary>
    /// The host was asked to open it, and the answer is no longer awaited. If it comes, and the channel is open then,
    /// it is closed again; until it comes, the channel cannot be opened.
    /// </summary>
    Abandoned,

    /// <summary>It is open.</summary>
    Open,

    /// <summary>It is a reserved channel, and the host was asked to close it. No other channel's close is answered.</summary>
    Closing,

    /// <summary>The host has taken it back. Its GPADLs can be torn down, and its relid be released.</summary>
    Rescinded,
}

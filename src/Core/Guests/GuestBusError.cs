namespace VmBus.Guests;

/// <summary>What a <see cref="GuestBusException"/> is about.</summary>
public enum GuestBusError
{
    /// <summary>The connection has ended or failed; the message says why, where that is known.</summary>
    Disconnected,

    /// <summary>The host speaks none of the versions that were proposed.</summary>
    NoCommonVersion,

    /// <summary>The host has no resources for a connection.</summary>
    NoResources,

    /// <summary>The host refused the request.</summary>
    Refused,

    /// <summary>The host did not answer in time. It may still do.</summary>
    TimedOut,

    /// <summary>The message could not be posted.</summary>
    NotPosted,

    /// <summary>The host has taken the channel back.</summary>
    Rescinded,

    /// <summary>A later request of the guest undid this one.</summary>
    Cancelled,

    /// <summary>The host broke the protocol in a way that ends the connection.</summary>
    HostBroken,

    /// <summary>The host does not offer the channel.</summary>
    NotOffered,
}

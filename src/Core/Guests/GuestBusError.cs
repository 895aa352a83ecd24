namespace VmBus.Guests;

/// <summary>The cause of a <see cref="GuestBusException"/>.</summary>
public enum GuestBusError
{
    /// <summary>The connection has ended or failed; the message gives the reason, if known.</summary>
    Disconnected,

    /// <summary>The host supports none of the proposed versions.</summary>
    NoCommonVersion,

    /// <summary>The host has no resources for a connection.</summary>
    NoResources,

    /// <summary>The host refused the request.</summary>
    Refused,

    /// <summary>The host did not answer in time. The answer can still arrive.</summary>
    TimedOut,

    /// <summary>The message could not be posted.</summary>
    NotPosted,

    /// <summary>The host has rescinded the channel.</summary>
    Rescinded,

    /// <summary>A later request of the guest cancelled this one.</summary>
    Cancelled,

    /// <summary>The host violated the protocol in a way that ends the connection.</summary>
    HostBroken,

    /// <summary>The host does not offer the channel.</summary>
    NotOffered,
}

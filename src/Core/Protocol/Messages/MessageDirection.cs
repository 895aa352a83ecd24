// Which way a channel message goes.

namespace VmBus.Protocol;

/// <summary>Which way a channel message goes.</summary>
public enum MessageDirection
{
    /// <summary>From the host to a guest: offers, results, responses.</summary>
    HostToGuest,

    /// <summary>From a guest to its host: requests.</summary>
    GuestToHost,
}

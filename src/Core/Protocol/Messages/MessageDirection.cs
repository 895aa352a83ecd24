// The direction of a channel message.

namespace VmBus.Protocol;

/// <summary>The direction of a channel message.</summary>
public enum MessageDirection
{
    /// <summary>From the host to a guest: offers, results, responses.</summary>
    HostToGuest,

    /// <summary>From a guest to its host: requests.</summary>
    GuestToHost,
}

namespace VmBus.InMemory;

/// <summary>Options of a guest process for the channel that a host process offers.</summary>
public sealed record SharedGuestOptions
{
    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Trusted;

    /// <summary>The clock for timeouts and for the adaptive policy; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}

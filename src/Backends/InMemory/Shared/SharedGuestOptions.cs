namespace VmBus.InMemory;

/// <summary>How a guest process uses the channel that a host process offers.</summary>
public sealed record SharedGuestOptions
{
    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Trusted;

    /// <summary>The clock of timeouts and of the adaptive policy; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}

namespace VmBus.Linux;

/// <summary>How the channels of a UIO device are used.</summary>
public sealed record UioOptions
{
    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; }

    /// <summary>The longest packet accepted, in bytes; 0 accepts what the ring can hold. See <see cref="IncomingRingOptions.MaxPacketLength"/>.</summary>
    public int MaxPacketLength { get; init; }

    /// <summary>Whether several threads send at once on one channel.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>When an adaptive channel changes; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>The clock of timeouts and of the adaptive policy; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}

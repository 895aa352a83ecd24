namespace VmBus;

/// <summary>How an <see cref="IncomingRing"/> is read.</summary>
public sealed record IncomingRingOptions
{
    /// <summary>A trusted peer, packets of any size.</summary>
    public static IncomingRingOptions Default { get; } = new();

    /// <summary>How far the writer is trusted.</summary>
    public PeerTrust Trust { get; init; }

    /// <summary>
    /// The longest packet accepted, in bytes, headers included and trailer not; a longer one faults the ring. 0 accepts
    /// what the ring can hold. Bounds the private copy of packets that wrap or that come from an untrusted peer.
    /// </summary>
    public int MaxPacketLength { get; init; }
}

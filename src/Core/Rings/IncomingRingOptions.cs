namespace VmBus;

/// <summary>How an <see cref="IncomingRing"/> is read.</summary>
public sealed record IncomingRingOptions
{
    /// <summary>The defaults: a trusted peer, packets of any size.</summary>
    public static IncomingRingOptions Default { get; } = new();

    /// <summary>How far the writer is trusted.</summary>
    public PeerTrust Trust { get; init; }

    /// <summary>
    /// The longest accepted packet, in bytes, including headers but not the trailer. A longer one faults the ring. 0 accepts
    /// any packet that the ring can hold. Limits the private copy of packets that wrap or come from an untrusted peer.
    /// </summary>
    public int MaxPacketLength { get; init; }
}

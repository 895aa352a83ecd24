namespace VmBus;

/// <summary>How far the other side of a ring is trusted. Either way nothing it writes leads outside the ring.</summary>
public enum PeerTrust
{
    /// <summary>
    /// The peer does not change a packet after publishing it (a guest's view of its host, say). Packets are handed out
    /// in place, without a copy, wherever they do not wrap.
    /// </summary>
    Trusted = 0,

    /// <summary>
    /// The peer may change anything at any time (a host's view of its guest; a confidential guest's view of its host).
    /// Packets are copied out first, then validated, and only the copy is handed out.
    /// </summary>
    Untrusted,
}

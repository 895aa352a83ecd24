namespace VmBus;

/// <summary>
/// How far the other side of a ring is trusted. At either level, no value it writes causes an access outside the ring.
/// </summary>
public enum PeerTrust
{
    /// <summary>
    /// The peer does not change a packet after publishing it (for example, a guest's view of its host). Packets are returned
    /// in place, without a copy, wherever they do not wrap.
    /// </summary>
    Trusted = 0,

    /// <summary>
    /// The peer can change any byte at any time (a host's view of its guest; a confidential guest's view of its host).
    /// Packets are copied first, then validated; only the copy is returned.
    /// </summary>
    Untrusted,
}

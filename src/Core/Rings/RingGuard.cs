namespace VmBus;

/// <summary>What takes a call on a ring off the hot path, where one comparison with zero asks for all of it.</summary>
[Flags]
internal enum RingGuard
{
    /// <summary>One producer on an open channel.</summary>
    None = 0,

    /// <summary>Several threads write: each takes the ring's lock.</summary>
    MultiProducer = 1,

    /// <summary>The other side is gone: writes find no room.</summary>
    PeerGone = 2,

    /// <summary>The channel is closed on this side: calls throw.</summary>
    Ended = 4,
}

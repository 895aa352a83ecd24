namespace VmBus;

/// <summary>What leads a call off the hot path. One comparison with zero tests for all of it.</summary>
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

namespace VmBus;

/// <summary>How a wait on a channel ended.</summary>
internal enum WaitOutcome
{
    /// <summary>There is something to read, or room to write.</summary>
    Ready,

    /// <summary>The time was up.</summary>
    TimedOut,

    /// <summary>The channel has ended: closed here, or the other side is gone and all it had committed was read.</summary>
    Ended,
}

namespace VmBus;

/// <summary>How soon to signal the other side for one message, regardless of the channel's mode.</summary>
public enum Urgency
{
    /// <summary>As set by the channel's mode.</summary>
    Normal = 0,

    /// <summary>
    /// At once. If earlier packets still wait for the monitor page, their deferred signal is sent at once, and covers this
    /// message too.
    /// </summary>
    Urgent,

    /// <summary>At the next inspection of the monitor page, even on a low-latency channel.</summary>
    Relaxed,
}

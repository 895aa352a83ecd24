namespace VmBus;

/// <summary>How soon the other side is signalled for one message, whatever the channel's mode.</summary>
public enum Urgency
{
    /// <summary>As the channel's mode says.</summary>
    Normal = 0,

    /// <summary>
    /// Now. If packets before it still wait for the monitor page, their deferred signal is sent at once, and covers this
    /// message, too.
    /// </summary>
    Urgent,

    /// <summary>When the monitor page is inspected next, even on a low-latency channel.</summary>
    Relaxed,
}

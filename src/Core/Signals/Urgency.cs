namespace VmBus;

/// <summary>How soon the other side should know of one message, whatever the channel's mode.</summary>
public enum Urgency
{
    /// <summary>As the channel's mode says.</summary>
    Normal = 0,

    /// <summary>
    /// Now. Also when packets before it still wait for the monitor page: their deferred signal is then sent at once,
    /// and this message with them.
    /// </summary>
    Urgent,

    /// <summary>When the monitor page is next looked at, even on a low-latency channel.</summary>
    Relaxed,
}

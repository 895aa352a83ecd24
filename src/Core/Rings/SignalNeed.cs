namespace VmBus;

/// <summary>Whether packets just published need a signal, and if not, why not.</summary>
/// <remarks>
/// Hosts throttle guests that signal more than this says (by suspending them for seconds), so each reason for not
/// signalling is kept apart and counted.
/// </remarks>
public enum SignalNeed
{
    /// <summary>Nothing was published.</summary>
    Nothing = 0,

    /// <summary>The reader masked its interrupt: it is draining the ring and will look again before it sleeps.</summary>
    Masked,

    /// <summary>The ring already held packets: the reader was signalled for those and has not got past them.</summary>
    NotEmpty,

    /// <summary>The ring went from empty to non-empty with interrupts unmasked: the reader must be told.</summary>
    Required,
}

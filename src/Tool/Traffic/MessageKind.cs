namespace VmBus.Tool;

/// <summary>What a message is for; travels in it.</summary>
internal enum MessageKind : uint
{
    /// <summary>Warm-up: answered where the load asks for answers, not counted.</summary>
    WarmUp = 0,

    /// <summary>Counting starts behind this message.</summary>
    Begin,

    /// <summary>Measured.</summary>
    Data,

    /// <summary>Measured apart: marked urgent on its way.</summary>
    Urgent,

    /// <summary>
    /// Counted and not timed. Of a saturating load only a sample is timed: a clock read and a histogram for each
    /// message would make the host slower than the guest, and a host that never catches up is never woken.
    /// </summary>
    Filler,

    /// <summary>The last message.</summary>
    End,
}

namespace VmBus.Hosting;

/// <summary>How a guest ended, and what is known of it.</summary>
public sealed record GuestEnd
{
    internal GuestEnd(GuestEndReason reason, string detail)
    {
        Reason = reason;
        Detail = detail;
    }

    /// <summary>
    /// Whether it ended in order: its host stopped it, it turned itself off, or it asked for a restart. Otherwise it crashed, or
    /// could not be run any further.
    /// </summary>
    public bool IsOrderly => Reason is GuestEndReason.Stopped or GuestEndReason.PoweredOff or GuestEndReason.Reset;

    /// <summary>Whether it asked for a restart.</summary>
    public bool WantsRestart => Reason == GuestEndReason.Reset;

    /// <summary>What the processor or the guest said, for people.</summary>
    public string Detail { get; }

    /// <summary>The kind of end.</summary>
    internal GuestEndReason Reason { get; }
}

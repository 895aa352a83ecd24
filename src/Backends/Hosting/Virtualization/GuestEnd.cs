namespace VmBus.Hosting;

/// <summary>How a guest ended.</summary>
public sealed record GuestEnd
{
    internal GuestEnd(GuestEndReason reason, string detail)
    {
        Reason = reason;
        Detail = detail;
    }

    /// <summary>
    /// Whether the end was orderly: its host stopped it, it turned itself off, or it requested a restart. Otherwise it crashed,
    /// or could not continue.
    /// </summary>
    public bool IsOrderly => Reason is GuestEndReason.Stopped or GuestEndReason.PoweredOff or GuestEndReason.Reset;

    /// <summary>Whether the guest requested a restart.</summary>
    public bool WantsRestart => Reason == GuestEndReason.Reset;

    /// <summary>A readable reason from the processor or the guest.</summary>
    public string Detail { get; }

    /// <summary>The kind of end.</summary>
    internal GuestEndReason Reason { get; }
}

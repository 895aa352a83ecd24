namespace VmBus;

/// <summary>What a thread that wants to wait waits for.</summary>
internal enum FanoutSeat
{
    /// <summary>Nothing: a signal came since the look, so look again.</summary>
    None,

    /// <summary>The signal itself.</summary>
    Lead,

    /// <summary>The one who waits for the signal.</summary>
    Follow,
}

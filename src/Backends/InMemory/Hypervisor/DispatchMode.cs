namespace VmBus.InMemory;

/// <summary>On whose time an <see cref="EventFlagDispatcher"/> runs.</summary>
internal enum DispatchMode
{
    /// <summary>The signaller's: the interrupt is a function call. The shortest way to the waiting channel.</summary>
    Inline,

    /// <summary>A thread of its own, which waits for the interrupt: one more wake-up, and the signaller goes on at once.</summary>
    Threaded,
}

// The shared words of one direction's signal, as operations with a stated order. Production code reaches them through
// ChannelSignaler's own control; the tests put an instrumented memory in its place and run the same decision over it.

namespace VmBus;

/// <summary>
/// The words that decide and send a channel's signal. Loads are acquires and stores releases; <c>Or</c>,
/// <c>Exchange</c>, <c>Take</c> and <see cref="Call"/> are full fences.
/// </summary>
internal interface ISignalControl
{
    /// <summary>Whether the channel has a monitor that is examined. Constant.</summary>
    bool HasMonitor { get; }

    /// <summary>Whether the signal path can call. May change between two looks: a signal that then fails is left to the monitor.</summary>
    bool CanCall { get; }

    /// <summary>Whether several threads may signal at once. Constant.</summary>
    bool IsConcurrent { get; }

    /// <summary>Whether the mode defers this signal: read once per signal, since it may change at any time.</summary>
    bool JudgeDeferring();

    /// <summary>Whether the mode defers signals now, without a judgement on the load.</summary>
    bool LoadDeferring();

    /// <summary>Whether the last signal was left to the monitor page and not promoted.</summary>
    bool LoadDeferred();

    /// <summary>Remembers how the last signal was sent.</summary>
    void StoreDeferred(bool value);

    /// <summary>Takes the deferred signal, to promote it: one of several threads gets it.</summary>
    bool TakeDeferred();

    /// <summary>Whether an urgent message waits for a signal that another thread may be about to defer.</summary>
    bool LoadUrgentWaits();

    /// <summary>No urgent message waits any more: a call follows.</summary>
    void ClearUrgentWaits();

    /// <summary>An urgent message waits; then fences: the pending bit is loaded after it.</summary>
    void ExchangeUrgentWaits();

    /// <summary>Whether the channel's bit in the monitor page is still to be examined.</summary>
    bool LoadPending();

    /// <summary>Sets the relid's bit in the interrupt page, where one is shared and read.</summary>
    void OrInterruptPage();

    /// <summary>Sets the channel's bit in the monitor page.</summary>
    void OrPending();

    /// <summary>Signals the other side now.</summary>
    void Call();
}

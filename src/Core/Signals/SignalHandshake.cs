// The decision how to signal and its order (vmbus_setevent and vmbus_set_event of Linux, extended), apart from
// where the words lie, so that the explorer of interleavings runs this very code.

using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>How a signal is sent, and when a deferred one is promoted. Pure over <see cref="ISignalControl"/>.</summary>
internal static class SignalHandshake
{
    /// <summary>Signals now or by the monitor page; says which.</summary>
    /// <remarks>
    /// Where several threads signal, an urgent message may find the ring not empty before the thread that found it empty
    /// has set the pending bit. It then announces that it waits and looks at the bit; this side sets the bit and looks whether
    /// a thread waits. Both have a fence, so one of them sees the other and calls.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SentSignals Signal<TControl>(TControl control, Urgency urgency)
        where TControl : struct, ISignalControl
    {
        bool modeDefers = control.JudgeDeferring();
        bool defer = control.HasMonitor && urgency switch
        {
            Urgency.Normal => modeDefers,
            Urgency.Relaxed => true,
            _ => !control.CanCall,
        };

        control.StoreDeferred(defer);
        if (defer)
        {
            SetPending(control);
            return control.IsConcurrent && control.LoadUrgentWaits() && TryPromote(control)
                ? SentSignals.Deferred | SentSignals.Promoted
                : SentSignals.Deferred;
        }

        // This call serves them, too. Cleared before it, so that a later one is not lost.
        if (control.IsConcurrent && control.LoadUrgentWaits())
            control.ClearUrgentWaits();
        CallNow(control);
        return SentSignals.Called;
    }

    /// <summary>Whether a publication may have to <see cref="Promote"/> a deferred signal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayPromote<TControl>(TControl control, SignalNeed need, Urgency urgency)
        where TControl : struct, ISignalControl
        => need == SignalNeed.NotEmpty && (control.LoadDeferred() || (control.IsConcurrent && urgency == Urgency.Urgent));

    /// <summary>
    /// The ring was not empty, but the signal for what is in it was or is being deferred. A message that cannot wait
    /// sends that signal now, unless the hypervisor has already sent it. Once per deferred signal: after it the other
    /// side drains.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SentSignals Promote<TControl>(TControl control, Urgency urgency)
        where TControl : struct, ISignalControl
    {
        bool immediate = urgency == Urgency.Urgent || (urgency == Urgency.Normal && !control.LoadDeferring());
        if (!immediate || !control.CanCall || !control.HasMonitor)
            return SentSignals.None;

        // Left set where nothing is pending: the next deferred signal may be one that was on its way, and is then
        // promoted. At worst that is one call too many.
        if (control.IsConcurrent && urgency == Urgency.Urgent)
            control.ExchangeUrgentWaits();
        return TryPromote(control) ? SentSignals.Promoted : SentSignals.None;
    }

    /// <summary>
    /// Two interlocked ORs at most. The interrupt page comes first: the bit in the monitor page is what makes the other side look
    /// at it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetPending<TControl>(TControl control)
        where TControl : struct, ISignalControl
    {
        control.OrInterruptPage();
        control.OrPending();
    }

    /// <summary>Signals now: the interrupt page's bit first, since the call makes the other side look at it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CallNow<TControl>(TControl control)
        where TControl : struct, ISignalControl
    {
        control.OrInterruptPage();
        control.Call();
    }

    /// <summary>
    /// Calls for a deferred signal that was neither examined nor promoted. The bit stays set: only the hypervisor clears it,
    /// on every system this protocol is spoken by; the price is one wake-up that finds an empty ring.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryPromote<TControl>(TControl control)
        where TControl : struct, ISignalControl
    {
        if (!control.LoadPending())
        {
            if (!control.IsConcurrent)
                control.StoreDeferred(false);
            return false;
        }

        if (!control.TakeDeferred())
            return false;
        if (control.IsConcurrent)
            control.ClearUrgentWaits();
        CallNow(control);
        return true;
    }
}

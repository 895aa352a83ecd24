// One thread's view of a modelled signaller, and the production decision run over it. Each mutant overrides one method.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The accesses of <see cref="ChannelSignaler"/> on modelled memory. A call is a full fence, as every path's is.</summary>
/// <param name="thread">The thread that signals.</param>
/// <param name="plan">How it may.</param>
internal class ModelSignal(ModelThread thread, SignalPlan plan)
{
    /// <summary>The channel's bit in the trigger group; its neighbour has the other.</summary>
    public const int Bit = 1;
    public const int NeighbourBit = 2;

    public bool IsConcurrent => plan.IsConcurrent;

    protected ModelThread Thread => thread;

    protected ModelSignalControl Control => new(this);

    public bool LoadDeferring() => thread.Acquire(RingCells.Route) == (uint)SignalMode.Monitored;

    public virtual bool LoadDeferred() => thread.Acquire(RingCells.Deferred) != 0;

    public virtual void StoreDeferred(bool value) => thread.Release(RingCells.Deferred, value ? 1u : 0);

    public virtual bool TakeDeferred()
    {
        if (plan.IsConcurrent)
            return thread.Exchange(RingCells.Deferred, 0) != 0;
        thread.Release(RingCells.Deferred, 0);
        return true;
    }

    public virtual bool LoadUrgentWaits() => thread.Acquire(RingCells.UrgentWaits) != 0;

    public virtual void ClearUrgentWaits() => thread.Release(RingCells.UrgentWaits, 0);

    public virtual void ExchangeUrgentWaits() => thread.Exchange(RingCells.UrgentWaits, 1);

    public virtual bool LoadPending() => (thread.Acquire(RingCells.Pending) & Bit) != 0;

    public virtual void OrInterruptPage()
    {
        if (plan.SharesInterrupt)
            thread.Or(RingCells.InterruptPage, Bit);
    }

    public virtual void OrPending() => thread.Or(RingCells.Pending, Bit);

    public virtual void Call() => thread.Or(RingCells.PacketsEvent, 1);

    public virtual SentSignals Signal(Urgency urgency) => SignalHandshake.Signal(Control, urgency);

    public virtual bool MayPromote(SignalNeed need, Urgency urgency) => SignalHandshake.MayPromote(Control, need, urgency);

    public virtual SentSignals Promote(Urgency urgency) => SignalHandshake.Promote(Control, urgency);
}

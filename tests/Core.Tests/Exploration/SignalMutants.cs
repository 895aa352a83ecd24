// Every fence, look and order of the decision how to signal, taken away one at a time.

using VmBus.Testing;
using static VmBus.Testing.MemoryModel;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The signaller's mutants.</summary>
internal static class SignalMutants
{
    private static readonly SignalPlan One = new();
    private static readonly SignalPlan Several = new() { IsConcurrent = true };

    public static IEnumerable<Mutant> All =>
    [
        new("pending bit before the publish",
            [SignalScenario.ModeSwitch(t => new BitAlreadySet(t), e => new BitBeforePublish(e))], SequentialConsistency),
        new("pending bit by a load and a store", [SignalScenario.Neighbours(t => new BitInTwoParts(t, One))], SequentialConsistency),
        new("interrupt page after the monitor page", [SignalScenario.SharedInterrupt(t => new InterruptPageLast(t))], SequentialConsistency),
        new("interrupt page forgotten", [SignalScenario.SharedInterrupt(t => new InterruptPageForgotten(t))], SequentialConsistency),
        new("mode looked at twice in one signal", [SignalScenario.ModeSwitch(t => new ModeLookedAtTwice(t))], SequentialConsistency),
        new("low latency takes the pending bit back", [SignalScenario.ModeSwitch(switcher: TakesBitBack)], SequentialConsistency),
        new("nothing promoted", [SignalScenario.UrgentMessage(t => new NothingPromoted(t))], SequentialConsistency),
        new("promotion clears the bit and does not call", [SignalScenario.UrgentMessage(t => new PromotionOnlyClears(t))], SequentialConsistency),
        new("deferral not remembered", [SignalScenario.UrgentMessage(t => new DeferralForgotten(t))], SequentialConsistency),
        new("mode not looked at in promotion", [SignalScenario.AfterTheSwitch(t => new OnlyUrgentPromoted(t))], SequentialConsistency),
        new("urgent sender does not say that it waits", [SignalScenario.UrgentAmongSenders(t => new WaitNotSaid(t))], SequentialConsistency),
        new("urgent sender says so without a fence", [SignalScenario.UrgentAmongSenders(t => new WaitUnfenced(t))], TotalStoreOrder),
        new("deferring sender does not look who waits", [SignalScenario.UrgentAmongSenders(t => new WaitNotLookedAt(t))], SequentialConsistency),
        new("deferring sender sets its bit without a fence", [SignalScenario.UrgentAmongSenders(t => new BitInTwoParts(t, Several))], TotalStoreOrder),
        new("several senders go by the last deferral alone", [SignalScenario.UrgentAmongSenders(t => new DeferralTrusted(t))], SequentialConsistency),
    ];

    private static void TakesBitBack(ModelThread thread, Span<byte> locals)
    {
        thread.Release(RingCells.Route, (uint)SignalMode.LowLatency);
        thread.Exchange(RingCells.Pending, 0);
    }

    private sealed class BitBeforePublish(RingEnd end) : LockedRing(end)
    {
        public override SignalNeed Send(uint at, uint length, uint number)
        {
            Thread.Or(RingCells.Pending, ModelSignal.Bit);
            return base.Send(at, length, number);
        }
    }

    private sealed class BitAlreadySet(ModelThread thread) : ModelSignal(thread, One)
    {
        public override void OrPending()
        {
        }
    }

    private sealed class BitInTwoParts(ModelThread thread, SignalPlan plan) : ModelSignal(thread, plan)
    {
        public override void OrPending() => Thread.Release(RingCells.Pending, Thread.Acquire(RingCells.Pending) | Bit);
    }

    private sealed class InterruptPageLast(ModelThread thread) : ModelSignal(thread, new SignalPlan { SharesInterrupt = true })
    {
        public override void OrInterruptPage()
        {
        }

        public override void OrPending()
        {
            base.OrPending();
            base.OrInterruptPage();
        }
    }

    private sealed class InterruptPageForgotten(ModelThread thread) : ModelSignal(thread, new SignalPlan { SharesInterrupt = true })
    {
        public override void OrInterruptPage()
        {
        }
    }

    private sealed class ModeLookedAtTwice(ModelThread thread) : ModelSignal(thread, One)
    {
        public override SentSignals Signal(Urgency urgency)
        {
            if (LoadDeferring())
                OrPending();
            if (!LoadDeferring())
                Call();
            return SentSignals.None;
        }
    }

    private sealed class NothingPromoted(ModelThread thread) : ModelSignal(thread, One)
    {
        public override bool MayPromote(SignalNeed need, Urgency urgency) => false;
    }

    private sealed class PromotionOnlyClears(ModelThread thread) : ModelSignal(thread, One)
    {
        public override SentSignals Promote(Urgency urgency)
        {
            if (LoadPending())
                Thread.Exchange(RingCells.Pending, 0);
            return SentSignals.None;
        }
    }

    private sealed class DeferralForgotten(ModelThread thread) : ModelSignal(thread, One)
    {
        public override void StoreDeferred(bool value)
        {
        }
    }

    private sealed class OnlyUrgentPromoted(ModelThread thread) : ModelSignal(thread, One)
    {
        public override SentSignals Promote(Urgency urgency) => urgency == Urgency.Urgent ? base.Promote(urgency) : SentSignals.None;
    }

    private sealed class WaitNotSaid(ModelThread thread) : ModelSignal(thread, Several)
    {
        public override void ExchangeUrgentWaits()
        {
        }
    }

    private sealed class WaitUnfenced(ModelThread thread) : ModelSignal(thread, Several)
    {
        public override void ExchangeUrgentWaits() => Thread.Release(RingCells.UrgentWaits, 1);
    }

    private sealed class WaitNotLookedAt(ModelThread thread) : ModelSignal(thread, Several)
    {
        public override bool LoadUrgentWaits() => false;
    }

    private sealed class DeferralTrusted(ModelThread thread) : ModelSignal(thread, Several)
    {
        public override bool MayPromote(SignalNeed need, Urgency urgency) => need == SignalNeed.NotEmpty && LoadDeferred();
    }
}

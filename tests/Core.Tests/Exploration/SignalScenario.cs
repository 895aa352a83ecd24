using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The scenarios of a channel's signal: sender, reader, the examiner of the monitor page, and who else meddles.</summary>
internal static class SignalScenario
{
    private const Urgency Normal = Urgency.Normal;

    /// <summary>The mode flips at any moment while messages go out.</summary>
    public static Scenario ModeSwitch(
        Func<ModelThread, ModelSignal>? signal = null, Func<RingEnd, LockedRing>? ring = null, Straight.Code? switcher = null)
        => Of("mode switched by another thread", new SignalPlan(), 3, looks: -1, signal, ring,
            (v, s) => [new Sender("sender", v, s, Normal, Normal, Normal), Switcher(switcher ?? Modes(SignalMode.LowLatency, SignalMode.Monitored))]);

    /// <summary>The examiner looks twice, whenever it likes, and never again: an urgent message must not need it.</summary>
    public static Scenario UrgentMessage(Func<ModelThread, ModelSignal>? signal = null)
        => Of("urgent message behind deferred ones", new SignalPlan(), 3, looks: 2, signal, null,
            (v, s) => [new Sender("sender", v, s, Normal, Normal, Urgency.Urgent)]);

    /// <summary>The same of a message after the mode became low latency.</summary>
    public static Scenario AfterTheSwitch(Func<ModelThread, ModelSignal>? signal = null)
        => Of("low latency behind deferred ones", new SignalPlan(), 3, looks: 2, signal, null,
            (v, s) => [new Sender("sender", v, s, Normal, Urgency.Relaxed, Sender.ToLowLatency, Normal)]);

    /// <summary>The same where several threads send.</summary>
    public static Scenario UrgentAmongSenders(Func<ModelThread, ModelSignal>? signal = null)
        => Of("urgent message among senders", new SignalPlan { IsConcurrent = true }, 3, looks: 1, signal, null,
            (v, s) => [new Sender("sender 1", v, s, Normal, Normal), new Sender("sender 2", v, s, Urgency.Urgent)]);

    /// <summary>The same with urgent messages from all of them.</summary>
    public static Scenario UrgentFromEverySender()
        => Of("urgent messages from every sender", new SignalPlan { IsConcurrent = true }, 3, looks: 1, null, null,
            (v, s) => [new Sender("sender 1", v, s, Normal, Urgency.Urgent), new Sender("sender 2", v, s, Urgency.Urgent)]);

    /// <summary>Two senders and the mode: no message needs more than the examiner's endless looking.</summary>
    public static Scenario SwitchAmongSenders(Func<ModelThread, ModelSignal>? signal = null)
        => Of("mode switched among senders", new SignalPlan { IsConcurrent = true }, 3, looks: -1, signal, null,
            (v, s) => [new Sender("sender 1", v, s, Normal, Normal), new Sender("sender 2", v, s, Normal), Switcher(Modes(SignalMode.LowLatency))]);

    /// <summary>Another channel's sender sets its bit in the same trigger group.</summary>
    public static Scenario Neighbours(Func<ModelThread, ModelSignal>? signal = null)
        => Of("two channels in a trigger group", new SignalPlan(), 2, looks: -1, signal, null,
            (v, s) =>
            [
                new Sender("sender", v, s, Normal, Normal),
                new Straight("neighbour's sender", (t, _) => t.Or(RingCells.Pending, ModelSignal.NeighbourBit)),
                new Straight("neighbour's reader", (t, _) => t.Take(RingCells.NeighbourEvent)),
            ]);

    /// <summary>No dedicated interrupt: who is signalled looks for its bit in the interrupt page.</summary>
    public static Scenario SharedInterrupt(Func<ModelThread, ModelSignal>? signal = null)
        => Of("interrupt page", new SignalPlan { SharesInterrupt = true }, 3, looks: -1, signal, null,
            (v, s) => [new Sender("sender", v, s, Normal, Normal, Normal)]);

    private static Straight Switcher(Straight.Code code) => new("switcher", code);

    private static Straight.Code Modes(params SignalMode[] modes) => (t, _) =>
    {
        foreach (SignalMode mode in modes)
            t.Release(RingCells.Route, (uint)mode);
    };

    private static Scenario Of(
        string name, SignalPlan plan, int packets, int looks, Func<ModelThread, ModelSignal>? signal, Func<RingEnd, LockedRing>? ring,
        Func<SenderViews, uint, Actor[]> senders)
    {
        var ringPlan = new RingPlan(Size: 8 * (uint)packets + 8, Length: 8, packets);
        var views = new SenderViews(ring ?? (end => new LockedRing(end)), signal ?? (thread => new ModelSignal(thread, plan)), plan.IsConcurrent);
        Actor[] actors =
        [
            .. senders(views, ringPlan.Size),
            new Examiner(plan.SharesInterrupt, looks) { IsDaemon = looks < 0 },
            // Without more looks, deferred messages may wait for ever; the watch says which may not.
            new RingReader(end => new ModelRing(end), ringPlan) { IsDaemon = looks >= 0 },
        ];
        return RingScenario.OneRing(name, ringPlan, actors);
    }
}

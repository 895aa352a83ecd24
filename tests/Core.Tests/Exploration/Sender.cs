// A thread that sends, as Channel.TrySend walks it: the ring, then ChannelSignaler.AfterWrite.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Sends packets, each as urgent as it is said to be, and signals for them. There is room for all.</summary>
/// <param name="name">As it appears in schedules.</param>
/// <param name="views">The ring and the signaller, or mutants of them.</param>
/// <param name="size">Bytes in the ring.</param>
/// <param name="messages">One of <see cref="Urgency"/> a message; <see cref="ToLowLatency"/> changes the mode instead.</param>
internal sealed class Sender(string name, SenderViews views, uint size, params Urgency[] messages) : Actor(name)
{
    /// <summary>In the place of a message: the mode becomes low latency, and what follows counts as urgent.</summary>
    public const Urgency ToLowLatency = (Urgency)99;

    private const uint Length = 8;

    private LockedRing? _ring;
    private ModelSignal? _signal;

    public override bool Run(Span<byte> locals)
    {
        _ring ??= views.Ring(new RingEnd(Thread, size));
        _signal ??= views.Signal(Thread);
        ref byte done = ref locals[0];
        ref byte need = ref locals[1];
        ref byte signals = ref locals[2];
        ref byte lowLatency = ref locals[3];
        if (signals != 0)
        {
            Urgency urgency = messages[done];
            if ((SignalNeed)need == SignalNeed.Required)
                _signal.Signal(urgency);
            else if (_signal.MayPromote((SignalNeed)need, urgency))
                _signal.Promote(urgency);
            signals = need = 0;
            done++;
            return true;
        }

        if (done == messages.Length)
            return false;
        if (messages[done] == ToLowLatency)
        {
            Thread.Release(RingCells.Route, (uint)SignalMode.LowLatency);
            lowLatency = 1;
            done++;
            return true;
        }

        if (views.Locks)
            _ring.Enter();
        uint at = Thread.Acquire(RingCells.Committed);
        uint number = at / Length + 1;
        SignalNeed found = _ring.Send(at, Length, number);
        Thread.Note(SignalWatch.Packets, (uint)found);
        Thread.Store(RingCells.Committed, _ring.After(at, Length));
        if (views.Locks)
            _ring.Exit();
        if (messages[done] == Urgency.Urgent || (lowLatency != 0 && messages[done] == Urgency.Normal))
            Thread.Note(SignalWatch.Urgent, number);
        need = (byte)found;
        signals = 1;
        return true;
    }
}

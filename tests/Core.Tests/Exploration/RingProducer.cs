// One of several writers, as OutgoingRing.TryWriteLocked walks it: what the lock guards is shared memory here.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Sends packets under the lock of the ring, and signals outside of it.</summary>
/// <param name="name">As it appears in schedules.</param>
/// <param name="ring">The ring, or a mutant of it.</param>
/// <param name="plan">The ring and its packets.</param>
/// <param name="packets">How many packets.</param>
internal sealed class RingProducer(string name, Func<RingEnd, LockedRing> ring, RingPlan plan, int packets) : Actor(name)
{
    private LockedRing? _ring;

    public override bool Run(Span<byte> locals)
    {
        _ring ??= ring(new RingEnd(Thread, plan.Size));
        ref byte sent = ref locals[0];
        ref byte signals = ref locals[1];
        if (signals != 0)
        {
            Thread.Or(RingCells.PacketsEvent, 1);
            signals = 0;
            return true;
        }

        if (sent == packets)
            return false;
        _ring.Enter();
        uint at = Thread.Load(RingCells.Committed);
        uint number = Thread.Load(RingCells.Sent) + 1;
        SignalNeed need = _ring.Send(at, plan.Length, number);
        Thread.Note(SignalWatch.Packets, (uint)need);
        Thread.Store(RingCells.Committed, _ring.After(at, plan.Length));
        Thread.Store(RingCells.Sent, number);
        _ring.Exit();
        signals = (byte)(need == SignalNeed.Required ? 1 : 0);
        sent++;
        return true;
    }
}

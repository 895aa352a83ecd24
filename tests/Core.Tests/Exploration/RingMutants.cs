// Every fence, every second look and every order of the ring's handshake, taken away one at a time: of an access, in
// place of the production control page; of a step, in place of the production method, whose other steps it repeats.

using VmBus.Testing;
using static VmBus.Testing.MemoryModel;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The ring's mutants.</summary>
internal static class RingMutants
{
    public static IEnumerable<Mutant> All =>
    [
        Writer("publish without its fence", Wakeups, TotalStoreOrder, e => new PublishUnfenced(e)),
        Writer("publish fenced, but no release", Packets, Weak, e => new PublishUnreleased(e)),
        Writer("write index before the packet", Packets, SequentialConsistency, e => new PublishBeforePacket(e)),
        Writer("mask looked at before the publish", Wakeups, SequentialConsistency, e => new MaskLookedAtFirst(e)),
        Writer("read index looked at before the publish", Wakeups, SequentialConsistency, e => new ReadIndexLookedAtFirst(e)),
        Writer("mask not looked at", Wakeups, SequentialConsistency, e => new MaskIgnored(e)),
        Writer("signal at every publish", Wakeups, SequentialConsistency, e => new EmptinessIgnored(e)),
        Reader("unmask without its fence", Wakeups, TotalStoreOrder, e => new UnmaskUnfenced(e)),
        Reader("unmask without a second look", Wakeups, SequentialConsistency, e => new UnmaskWithoutLook(e)),
        Reader("second look before the unmask", Wakeups, SequentialConsistency, e => new LookBeforeUnmask(e)),
        Reader("mask without its fence", Wakeups, TotalStoreOrder, e => new MaskUnfenced(e)),
        Reader("write index loaded plainly", Packets, Weak, e => new WriteIndexLoadedPlainly(e)),
        Reader("room given back before the packet is read", Packets, SequentialConsistency, e => new CommitBeforeRead(e)),
        Reader("room given back without a release", Spinning, Weak, e => new StoreUnreleased(e)),
        Reader("commit without its fence", Room, TotalStoreOrder, e => new CommitUnfenced(e)),
        Reader("commit fenced, but no release", Packets, Weak, e => new CommitUnreleased(e)),
        Reader("pending size looked at before the commit", Room, SequentialConsistency, e => new PendingLookedAtFirst(e)),
        Reader("write index looked at before the pending size", Packets, SequentialConsistency, e => new WriteIndexLookedAtFirst(e)),
        Reader("signal for room at every commit", Room, SequentialConsistency, e => new RequestIgnored(e)),
        Reader("signal for room without the crossing", Room, SequentialConsistency, e => new CrossingIgnored(e)),
        Writer("request without its fence", Room, TotalStoreOrder, e => new RequestUnfenced(e)),
        Writer("request without a second look", Room, SequentialConsistency, e => new RequestWithoutLook(e)),
        Writer("second look before the request", Room, SequentialConsistency, e => new LookBeforeRequest(e)),
        Producer("producers without the lock", SequentialConsistency, e => new LockNotTaken(e)),
        Producer("lock left by a plain store", Weak, e => new LockLeftPlainly(e)),
    ];

    private static RingPlan Wakeups => RingScenario.Wakeups;

    private static RingPlan Room => RingScenario.Room;

    private static RingPlan Packets => RingScenario.Packets;

    private static RingPlan Spinning => RingScenario.Spinning;

    private static Mutant Writer(string name, RingPlan plan, MemoryModel mildest, Func<RingEnd, ModelRing> ring)
        => new(name, [.. Fewer(plan).Select(p => RingScenario.Of(name, p, writer: ring))], mildest);

    private static Mutant Reader(string name, RingPlan plan, MemoryModel mildest, Func<RingEnd, ModelRing> ring)
        => new(name, [.. Fewer(plan).Select(p => RingScenario.Of(name, p, reader: ring))], mildest);

    private static Mutant Producer(string name, MemoryModel mildest, Func<RingEnd, LockedRing> ring)
        => new(name, [RingScenario.Producers(ring, 1), RingScenario.Producers(ring)], mildest);

    private static IEnumerable<RingPlan> Fewer(RingPlan plan)
        => Enumerable.Range(plan.Prefilled + 1, plan.Packets - plan.Prefilled).Select(packets => plan with { Packets = packets });

    /// <summary>The production rule, on words that were looked at in another order.</summary>
    private static bool Crosses(ModelRing ring, uint pending, uint write, uint committed, uint next)
    {
        uint room = ring.Size - RingHandshake.Distance(next, write, ring.Size);
        return pending != 0 && room > pending && room - RingHandshake.Distance(committed, next, ring.Size) <= pending;
    }

    private sealed class PublishUnfenced(RingEnd end) : ModelRing(end)
    {
        public override void PublishWriteIndex(uint value) => Thread.Release(RingCells.WriteIndex, value);
    }

    private sealed class PublishUnreleased(RingEnd end) : ModelRing(end)
    {
        public override void PublishWriteIndex(uint value)
        {
            Thread.Store(RingCells.WriteIndex, value);
            Thread.Fence();
        }
    }

    private sealed class PublishBeforePacket(RingEnd end) : ModelRing(end)
    {
        public override SignalNeed Send(uint at, uint length, uint number)
        {
            SignalNeed need = PublishWrite(at, After(at, length));
            StorePacket(at, length, number);
            return need;
        }
    }

    private sealed class MaskLookedAtFirst(RingEnd end) : ModelRing(end)
    {
        public override SignalNeed PublishWrite(uint committed, uint next)
        {
            uint mask = LoadInterruptMask();
            PublishWriteIndex(next);
            return mask != 0 ? SignalNeed.Masked : LoadReadIndex() == committed ? SignalNeed.Required : SignalNeed.NotEmpty;
        }
    }

    private sealed class ReadIndexLookedAtFirst(RingEnd end) : ModelRing(end)
    {
        public override SignalNeed PublishWrite(uint committed, uint next)
        {
            uint read = LoadReadIndex();
            PublishWriteIndex(next);
            return LoadInterruptMask() != 0 ? SignalNeed.Masked : read == committed ? SignalNeed.Required : SignalNeed.NotEmpty;
        }
    }

    private sealed class MaskIgnored(RingEnd end) : ModelRing(end)
    {
        public override uint LoadInterruptMask() => 0;
    }

    private sealed class EmptinessIgnored(RingEnd end) : ModelRing(end)
    {
        public override SignalNeed PublishWrite(uint committed, uint next)
            => base.PublishWrite(committed, next) == SignalNeed.Masked ? SignalNeed.Masked : SignalNeed.Required;
    }

    private sealed class UnmaskUnfenced(RingEnd end) : ModelRing(end)
    {
        public override void ExchangeInterruptMask(uint value)
        {
            if (value == 0)
                Thread.Release(RingCells.Mask, 0);
            else
                base.ExchangeInterruptMask(value);
        }
    }

    private sealed class UnmaskWithoutLook(RingEnd end) : ModelRing(end)
    {
        public override uint UnmaskInterrupt(uint next)
        {
            ExchangeInterruptMask(0);
            return next;
        }
    }

    private sealed class LookBeforeUnmask(RingEnd end) : ModelRing(end)
    {
        public override uint UnmaskInterrupt(uint next)
        {
            uint write = LoadWriteIndex();
            ExchangeInterruptMask(0);
            return write;
        }
    }

    private sealed class MaskUnfenced(RingEnd end) : ModelRing(end)
    {
        public override void ExchangeInterruptMask(uint value)
        {
            if (value != 0)
                Thread.Release(RingCells.Mask, value);
            else
                base.ExchangeInterruptMask(value);
        }
    }

    private sealed class WriteIndexLoadedPlainly(RingEnd end) : ModelRing(end)
    {
        public override uint LoadWriteIndex() => Thread.Load(RingCells.WriteIndex);
    }

    private sealed class CommitBeforeRead(RingEnd end) : ModelRing(end)
    {
        public override bool Receive(uint from, uint to, uint length, uint number)
        {
            bool room = PublishRead(from, to);
            LoadPackets(from, to, length, number);
            return room;
        }
    }

    private sealed class StoreUnreleased(RingEnd end) : ModelRing(end)
    {
        public override void StoreReadIndex(uint value) => Thread.Store(RingCells.ReadIndex, value);
    }

    private sealed class CommitUnfenced(RingEnd end) : ModelRing(end)
    {
        public override void PublishReadIndex(uint value) => Thread.Release(RingCells.ReadIndex, value);
    }

    private sealed class CommitUnreleased(RingEnd end) : ModelRing(end)
    {
        public override void PublishReadIndex(uint value)
        {
            Thread.Store(RingCells.ReadIndex, value);
            Thread.Fence();
        }
    }

    private sealed class PendingLookedAtFirst(RingEnd end) : ModelRing(end)
    {
        public override bool PublishRead(uint committed, uint next)
        {
            uint pending = LoadPendingSendSize();
            PublishReadIndex(next);
            return Crosses(this, pending, LoadWriteIndex(), committed, next);
        }
    }

    private sealed class WriteIndexLookedAtFirst(RingEnd end) : ModelRing(end)
    {
        public override bool PublishRead(uint committed, uint next)
        {
            PublishReadIndex(next);
            uint write = LoadWriteIndex();
            return Crosses(this, LoadPendingSendSize(), write, committed, next);
        }
    }

    private sealed class RequestIgnored(RingEnd end) : ModelRing(end)
    {
        public override bool PublishRead(uint committed, uint next)
        {
            PublishReadIndex(next);
            return true;
        }
    }

    private sealed class CrossingIgnored(RingEnd end) : ModelRing(end)
    {
        public override bool PublishRead(uint committed, uint next)
        {
            PublishReadIndex(next);
            return LoadPendingSendSize() != 0;
        }
    }

    private sealed class RequestUnfenced(RingEnd end) : ModelRing(end)
    {
        public override void ExchangePendingSendSize(uint value) => Thread.Release(RingCells.PendingSendSize, value);
    }

    private sealed class RequestWithoutLook(RingEnd end) : ModelRing(end)
    {
        public override uint RequestRoom(uint bytes, uint read)
        {
            ExchangePendingSendSize(bytes);
            return read;
        }
    }

    private sealed class LookBeforeRequest(RingEnd end) : ModelRing(end)
    {
        public override uint RequestRoom(uint bytes, uint read)
        {
            read = LoadReadIndex();
            ExchangePendingSendSize(bytes);
            return read;
        }
    }

    private sealed class LockNotTaken(RingEnd end) : LockedRing(end)
    {
        public override void Enter() => Thread.Fence();
    }

    private sealed class LockLeftPlainly(RingEnd end) : LockedRing(end)
    {
        public override void Exit() => Thread.Store(RingCells.Lock, 0);
    }
}

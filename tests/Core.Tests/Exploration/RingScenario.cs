using VmBus.Layout;
using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The scenarios of one ring.</summary>
internal static class RingScenario
{
    /// <summary>Packets into an empty ring with room for all: publication and mask against drain, unmask, second look.</summary>
    public static RingPlan Wakeups { get; } = new(Size: 56, Length: 8, Packets: 6);

    /// <summary>A full ring: the commit of the reader against the request for room.</summary>
    public static RingPlan Room { get; } = new(Size: 32, Length: 8, Packets: 8) { Prefilled = 3, CommitsEach = true };

    /// <summary>Packets of two cells around a ring of five: whole when they are read, read when they are written over.</summary>
    public static RingPlan Packets { get; } = new(Size: 40, Length: 16, Packets: 7);

    /// <summary>The same with a writer that spins for room and a reader that commits without a fence.</summary>
    public static RingPlan Spinning { get; } = Packets with { WaitsForRoom = false };

    public static Scenario Of(string name, RingPlan plan, Func<RingEnd, ModelRing>? writer = null, Func<RingEnd, ModelRing>? reader = null)
    {
        Func<RingEnd, ModelRing> sound = end => new ModelRing(end);
        return OneRing(name, plan, [new RingWriter(writer ?? sound, plan), new RingReader(reader ?? sound, plan)]);
    }

    /// <summary>Two producers, one reader, room for all.</summary>
    public static Scenario Producers(Func<RingEnd, LockedRing>? producer = null, int packetsOfEach = 2)
    {
        var plan = new RingPlan(Size: 40, Length: 8, Packets: 2 * packetsOfEach);
        producer ??= end => new LockedRing(end);
        return OneRing("two producers", plan,
            [new RingProducer("producer 1", producer, plan, packetsOfEach), new RingProducer("producer 2", producer, plan, packetsOfEach),
             new RingReader(end => new ModelRing(end), plan)]);
    }

    public static Scenario OneRing(string name, RingPlan plan, IReadOnlyList<Actor> actors)
    {
        byte[] initial = new byte[RingCells.Data + plan.Size / 8];
        initial[RingCells.WriteIndex] = initial[RingCells.Watched] = (byte)(plan.Prefilled * plan.Length);
        initial[RingCells.FeatureBits] = (byte)(plan.WaitsForRoom ? RingControlPage.FeaturePendingSendSize : 0);
        for (int i = 0; i < plan.Prefilled * plan.Length / 8; i++)
            initial[RingCells.Data + i] = (byte)(i * 8 / plan.Length + 1);
        return new Scenario(name, RingCells.Names(plan.Size), actors) { Initial = initial, Watch = new SignalWatch(plan.Size) };
    }
}

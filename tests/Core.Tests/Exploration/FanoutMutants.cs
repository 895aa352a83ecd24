// The rules of the fan-out, and the order of ticket and look, broken one at a time.

using VmBus.Testing;
using static VmBus.Testing.MemoryModel;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The fan-out's mutants.</summary>
internal static class FanoutMutants
{
    public static IEnumerable<Mutant> All =>
    [
        Of("ticket taken after the look", t => new TicketAfterLook(t)),
        Of("ticket not compared", t => new TicketIgnored(t)),
        Of("taken signal not counted", t => new SignalNotCounted(t)),
        Of("followers not woken", t => new FollowersNotWoken(t)),
        Of("one who leads for ever", t => new LeadKept(t)),
    ];

    private static Mutant Of(string name, Func<ModelThread, ModelFanout> view)
        => new(name, [FanoutScenario.Of(2, view), FanoutScenario.Of(ModelFanout.Waiters, view)], SequentialConsistency);

    private sealed class TicketAfterLook(ModelThread thread) : ModelFanout(thread)
    {
        public override bool LooksAndTakesTicket(int waiter, out uint ticket)
        {
            bool there = Thread.Acquire(Awaited + waiter) != 0;
            ticket = LoadSignals();
            return there;
        }
    }

    private sealed class TicketIgnored(ModelThread thread) : ModelFanout(thread)
    {
        public override FanoutSeat Join(uint ticket) => base.Join(LoadSignals());
    }

    private sealed class SignalNotCounted(ModelThread thread) : ModelFanout(thread)
    {
        public override void StoreSignals(uint value)
        {
        }
    }

    private sealed class FollowersNotWoken(ModelThread thread) : ModelFanout(thread)
    {
        public override void WakeFollowers()
        {
        }
    }

    private sealed class LeadKept(ModelThread thread) : ModelFanout(thread)
    {
        public override void StoreLed(bool value)
        {
            if (value)
                base.StoreLed(value);
        }
    }
}

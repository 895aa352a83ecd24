// One waiter's view of a modelled fan-out, and the production rules run over it. Each mutant overrides one method.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>What a <see cref="SignalFanout"/> keeps, on modelled memory.</summary>
/// <param name="thread">The waiter's thread.</param>
internal class ModelFanout(ModelThread thread)
{
    public const int Waiters = 3;

    public const int Lock = 0;
    public const int Signals = 1;
    public const int Led = 2;
    public const int Followers = 3;     // a bit each
    public const int Event = 4;         // the channel's one signal
    public const int Awaited = 5;       // what each waits for: packets, room, room for another
    public const int Semaphore = Awaited + Waiters;

    public static IReadOnlyList<string> Names =>
    [
        "lock", "signals", "led", "followers", "event", "packets", "room", "more room", "semaphore 0", "semaphore 1", "semaphore 2",
    ];

    protected ModelThread Thread => thread;

    public virtual bool LooksAndTakesTicket(int waiter, out uint ticket)
    {
        ticket = thread.Acquire(Signals);
        return thread.Acquire(Awaited + waiter) != 0;
    }

    public virtual FanoutSeat Join(uint ticket) => FanoutRules.Join(new ModelFanoutState(this), ticket);

    public void StopLeading() => FanoutRules.StopLeading(new ModelFanoutState(this), signalled: true);

    public void Follow(int waiter) => thread.Store(Followers, thread.Acquire(Followers) | 1u << waiter);

    public uint LoadSignals() => thread.Acquire(Signals);

    public virtual void StoreSignals(uint value) => thread.Release(Signals, value);

    public bool LoadLed() => thread.Acquire(Led) != 0;

    public virtual void StoreLed(bool value) => thread.Store(Led, value ? 1u : 0);

    public virtual void WakeFollowers()
    {
        uint followers = thread.Acquire(Followers);
        for (int waiter = 0; waiter < Waiters; waiter++)
        {
            if ((followers >> waiter & 1) != 0)
                thread.Or(Semaphore + waiter, 1);
        }

        thread.Store(Followers, 0);
    }
}

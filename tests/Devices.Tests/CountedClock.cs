using Microsoft.Extensions.Time.Testing;

namespace VmBus.Devices.Tests;

/// <summary>A clock that a test moves, and that says how often something began to wait for it.</summary>
internal sealed class CountedClock : FakeTimeProvider
{
    private int _waits;

    public int Waits => Volatile.Read(ref _waits);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        Interlocked.Increment(ref _waits);
        return timer;
    }
}

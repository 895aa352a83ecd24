namespace VmBus.Tool.Tests.Latency;

public class SimulatedClockTests
{
    private readonly SimulatedClock _clock = new();
    private readonly List<string> _happened = [];

    [Fact]
    public void Time_stands_still_without_events()
    {
        Assert.False(_clock.RunNext());
        Assert.Equal(0, _clock.Now);
        Assert.False(_clock.RunNext(until: 500));
        Assert.Equal(500, _clock.Now);
        Assert.Equal(TimeSpan.FromTicks(5), _clock.GetElapsedTime(0));
    }

    [Fact]
    public void Events_come_in_order_of_time_and_then_of_scheduling()
    {
        Note(300, "c");
        Note(100, "a");
        Note(300, "d");
        Note(200, "b");
        while (_clock.RunNext())
        {
        }

        Assert.Equal(["a@100", "b@200", "c@300", "d@300"], _happened);
    }

    [Fact]
    public void An_event_after_the_limit_waits()
    {
        Note(100, "a");
        Note(101, "b");
        Assert.True(_clock.RunNext(until: 100));
        Assert.False(_clock.RunNext(until: 100));
        Assert.Equal(["a@100"], _happened);
        Assert.True(_clock.RunNext());
        Assert.Equal(["a@100", "b@101"], _happened);
    }

    [Fact]
    public void Time_spent_in_an_event_makes_the_next_late()
    {
        _clock.Schedule(100, () => _clock.Spend(50));
        Note(120, "late");
        while (_clock.RunNext())
        {
        }

        Assert.Equal(["late@150"], _happened);
    }

    [Fact]
    public void A_periodic_timer_fires_until_disposed()
    {
        ITimer timer = Timer(due: 10, period: 20);
        for (int i = 0; i < 3; i++)
            Assert.True(_clock.RunNext());
        timer.Dispose();
        Assert.False(_clock.RunNext());
        Assert.Equal(["tick@1000", "tick@3000", "tick@5000"], _happened);
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public void A_changed_timer_forgets_its_old_time()
    {
        ITimer timer = Timer(due: 10, period: 0);
        timer.Change(TimeSpan.FromTicks(30), Timeout.InfiniteTimeSpan);
        Assert.True(_clock.RunNext());
        Assert.False(_clock.RunNext());
        Assert.Equal(["tick@3000"], _happened);
    }

    [Fact]
    public void A_timer_stopped_in_its_own_callback_does_not_fire_again()
    {
        ITimer? timer = null;
        timer = _clock.CreateTimer(
            _ =>
            {
                _happened.Add("once");
                timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            },
            null, TimeSpan.FromTicks(1), TimeSpan.FromTicks(1));
        Assert.True(_clock.RunNext());
        Assert.False(_clock.RunNext());
        Assert.Equal(["once"], _happened);
    }

    private void Note(long nanoseconds, string name) => _clock.Schedule(nanoseconds, () => _happened.Add($"{name}@{_clock.Now}"));

    private ITimer Timer(long due, long period) =>
        _clock.CreateTimer(_ => _happened.Add($"tick@{_clock.Now}"), null, TimeSpan.FromTicks(due), TimeSpan.FromTicks(period));
}

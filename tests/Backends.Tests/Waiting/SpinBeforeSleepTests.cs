using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;

namespace VmBus.Backends.Tests.Waiting;

public class SpinBeforeSleepTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wait_spins_for_its_budget_and_no_longer(bool adaptive)
    {
        Scene scene = new(Budget, adaptive);

        Assert.False(scene.Spin(Late));

        Assert.Equal(Budget, scene.Spun);
        Assert.Equal((1, Budget), (scene.Wait.Misses, scene.Wait.Spun));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signal_within_the_budget_ends_the_spin(bool adaptive)
    {
        Scene scene = new(Budget, adaptive);
        TimeSpan soon = TimeSpan.FromMicroseconds(30);

        Assert.True(scene.Spin(soon));

        Assert.Equal(soon, scene.Spun);
        Assert.Equal((0, soon), (scene.Wait.Misses, scene.Wait.Spun));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wait_spins_no_longer_than_it_may_last(bool adaptive)
    {
        Scene scene = new(Budget, adaptive);
        Assert.False(scene.Spin(Late, timeout: Budget / 4));
        Assert.Equal(Budget / 4, scene.Spun);
        Assert.False(scene.Spin(TimeSpan.Zero, timeout: TimeSpan.Zero));
    }

    [Fact]
    public void Without_a_budget_nothing_is_looked_at()
    {
        Scene scene = new(TimeSpan.Zero, adaptive: true);
        Assert.False(scene.Spin(TimeSpan.Zero));
        Assert.Equal((0, 0), (scene.Looks, scene.Wait.Misses));
    }

    [Fact]
    public void A_closed_target_or_a_cancelled_wait_ends_the_spin()
    {
        Scene scene = new(Budget, adaptive: false) { IsClosed = true };
        Assert.False(scene.Spin(Late));
        Assert.Equal(1, scene.Looks);

        scene = new(Budget, adaptive: false);
        Assert.False(scene.Spin(Late, cancellationToken: new CancellationToken(true)));
        Assert.Equal(1, scene.Looks);
    }

    [Fact]
    public void An_adaptive_wait_whose_signals_come_late_spins_less_and_a_fixed_one_does_not()
    {
        Scene adaptive = new(Budget, adaptive: true);
        Scene @fixed = new(Budget, adaptive: false);
        for (int i = 0; i < 100; i++)
        {
            adaptive.WaitFor(Late);
            @fixed.WaitFor(Late);
        }

        Assert.Equal(100 * Budget, @fixed.Wait.Spun);
        Assert.InRange(adaptive.Wait.Spun, 2 * Budget, 10 * Budget);
    }

    [Fact]
    public void What_spinning_caught_is_learnt_from()
    {
        Scene scene = new(Budget, adaptive: true);
        for (int i = 0; i < 100; i++)
            Assert.True(scene.Spin(Budget / 50));
        Assert.False(scene.Spin(Late));
        Assert.True(scene.Spun < Budget / 10);
    }

    [Fact]
    public void Waits_whose_time_was_up_count_as_late()
    {
        Scene scene = new(Budget, adaptive: true);
        for (int i = 0; i < 3; i++)
            scene.WaitFor(Late, timeout: Late / 2);
        Assert.True(scene.Spun < Budget / 10);
    }

    [Fact]
    public void What_slept_no_longer_than_the_budget_would_have_been_caught()
    {
        Scene scene = new(Budget, adaptive: true);
        for (int i = 0; i < 100; i++)
            scene.WaitFor(Late);
        for (int i = 0; i < 7; i++)
            scene.WaitFor(Budget / 3);
        Assert.True(scene.Spin(Budget / 3));
    }

    /// <summary>A waiter whose signal comes at a time of a clock that moves as it looks.</summary>
    private sealed class Scene(TimeSpan budget, bool adaptive) : ISpinTarget
    {
        private static readonly TimeSpan Look = TimeSpan.FromMicroseconds(1);

        private readonly FakeTimeProvider _clock = new();
        private long _signalAt;

        public SpinBeforeSleep Wait => field ??= new SpinBeforeSleep(budget, adaptive, _clock);

        public bool IsClosed { get; init; }

        public int Looks { get; private set; }

        /// <summary>How long the last wait spun.</summary>
        public TimeSpan Spun { get; private set; }

        public bool TryTake()
        {
            Looks++;
            if (_clock.GetTimestamp() >= _signalAt)
                return true;
            _clock.Advance(Look);
            return false;
        }

        public bool Spin(TimeSpan signalAfter, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        {
            long start = _clock.GetTimestamp();
            _signalAt = start + signalAfter.Ticks;
            bool taken = Wait.TryTake(this, start, timeout ?? Timeout.InfiniteTimeSpan, cancellationToken);
            Spun = _clock.GetElapsedTime(start);
            return taken;
        }

        /// <summary>Spins, and sleeps for the rest.</summary>
        public void WaitFor(TimeSpan signalAfter, TimeSpan? timeout = null)
        {
            long start = _clock.GetTimestamp();
            if (Spin(signalAfter, timeout))
                return;
            _clock.Advance((timeout ?? signalAfter) - _clock.GetElapsedTime(start));
            Wait.Slept(start, signalled: timeout is null);
        }
    }
}

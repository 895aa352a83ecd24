using FsCheck.Xunit;
using Xunit;

namespace VmBus.Core.Tests.Signals;

public class AdaptiveSpinTests
{
    private const long Ceiling = 12_800;
    private const long Shortest = Ceiling / 128;
    private const long Late = 10 * Ceiling;

    [Fact]
    public void The_first_wait_gets_the_whole_ceiling() => Assert.Equal(Ceiling, new AdaptiveSpin(Ceiling).Begin());

    [Fact]
    public void Two_late_signals_at_the_start_end_it()
    {
        AdaptiveSpin spin = new(Ceiling);
        Wait(spin, Late);
        Assert.Equal(Ceiling, spin.Budget);
        Wait(spin, Late);
        Assert.Equal(Shortest, spin.Budget);
    }

    /// <summary>Whatever the waits last, no budget is negative or above the ceiling.</summary>
    [Property(MaxTest = 300)]
    public void No_wait_spins_longer_than_the_ceiling(long ceiling, (long Length, bool Signalled)[] waits)
    {
        AdaptiveSpin spin = new(Math.Abs(ceiling % AdaptiveSpin.MaxCeiling));
        foreach ((long length, bool signalled) in waits)
        {
            Assert.InRange(spin.Begin(), 0, spin.Ceiling);
            if (signalled)
                spin.Signalled(Math.Abs(length % (2 * AdaptiveSpin.MaxCeiling)));
            else
                spin.Ended(Math.Abs(length % (2 * AdaptiveSpin.MaxCeiling)));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(AdaptiveSpin.MaxCeiling)]
    public void Ceilings_of_every_size_shrink_and_grow(long ceiling)
    {
        AdaptiveSpin spin = new(ceiling);
        for (int i = 0; i < 20; i++)
            Wait(spin, 2 * ceiling + 1);
        Assert.Equal(ceiling >> 7, spin.Budget);
        for (int i = 0; i < 20; i++)
            Wait(spin, ceiling / 2);
        Assert.Equal(ceiling / 2, spin.Budget);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(AdaptiveSpin.MaxCeiling + 1)]
    public void A_ceiling_out_of_range_is_refused(long ceiling) => Assert.Throws<ArgumentOutOfRangeException>(() => new AdaptiveSpin(ceiling));

    [Fact]
    public void Signals_that_mostly_come_within_the_ceiling_are_caught()
    {
        AdaptiveSpin spin = new(Ceiling);
        Random random = new(1);
        int caught = 0, catchable = 0;
        for (int i = 0; i < 10_000; i++)
        {
            long length = random.Next(10) == 0 ? Late : random.NextInt64(Ceiling * 2 / 3);
            catchable += length < Ceiling ? 1 : 0;
            caught += Wait(spin, length) ? 1 : 0;
        }

        Assert.True(caught > catchable * 0.97, $"{caught} of {catchable}");
    }

    [Fact]
    public void A_budget_is_little_more_than_what_it_has_to_catch()
    {
        AdaptiveSpin spin = new(Ceiling);
        for (int i = 0; i < 100; i++)
            Wait(spin, Ceiling / 100);
        Assert.Equal(Ceiling / 64, spin.Budget);
        Assert.Equal(Ceiling / 64, spin.Begin());
    }

    [Fact]
    public void About_seven_late_signals_in_a_row_end_a_long_habit_and_as_many_early_ones_begin_it()
    {
        AdaptiveSpin spin = new(Ceiling);
        for (int i = 0; i < 100; i++)
            Wait(spin, Ceiling / 2);
        Assert.InRange(Until(spin, Late, () => spin.Budget == Shortest), 5, 8);
        for (int i = 0; i < 100; i++)
            Wait(spin, Late);
        Assert.InRange(Until(spin, Ceiling / 2, () => spin.Budget == Ceiling / 2), 5, 8);
    }

    [Fact]
    public void While_signals_come_late_spinning_costs_next_to_nothing()
    {
        AdaptiveSpin spin = new(Ceiling);
        const int Waits = 10_000;
        long spun = 0;
        for (int i = 0; i < Waits; i++)
        {
            spun += spin.Begin();
            spin.Signalled(Late);
        }

        // One look in 64, and a 128th of the ceiling in each of the others.
        Assert.InRange(spun, Waits * Ceiling / 128, Waits * Ceiling / 40);
    }

    /// <summary>The wake-up alone lasts longer than the ceiling, so only a wait that spins can tell that signals come soon.</summary>
    [Fact]
    public void Traffic_that_gets_busy_is_found_by_the_next_look()
    {
        AdaptiveSpin spin = new(Ceiling);
        for (int i = 0; i < 10_000; i++)
            Wait(spin, Late);
        int missed = 0;
        for (int i = 0; i < 200; i++)
            missed += Wait(spin, Ceiling / 3, wakeUp: 2 * Ceiling) ? 0 : 1;
        Assert.InRange(missed, 1, 64);
        Assert.Equal(Ceiling / 2, spin.Budget);
    }

    [Fact]
    public void A_wait_that_ended_without_a_signal_before_the_ceiling_says_nothing()
    {
        AdaptiveSpin spin = new(Ceiling);
        for (int i = 0; i < 100; i++)
        {
            spin.Begin();
            spin.Ended(Ceiling);
        }

        Assert.Equal(Ceiling, spin.Budget);
        spin.Ended(Ceiling + 1);
        spin.Ended(Ceiling + 1);
        Assert.Equal(Shortest, spin.Budget);
    }

    [Fact]
    public void The_same_history_gives_the_same_budgets()
    {
        AdaptiveSpin one = new(Ceiling), other = new(Ceiling);
        Random random = new(7);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(one.Begin(), other.Begin());
            long length = random.NextInt64(2 * Ceiling);
            one.Signalled(length);
            other.Signalled(length);
        }
    }

    /// <summary>One wait: spins as it is told, and sleeps for the rest.</summary>
    /// <returns>Whether spinning caught the signal.</returns>
    private static bool Wait(AdaptiveSpin spin, long length, long wakeUp = 0)
    {
        bool caught = length <= spin.Begin();
        spin.Signalled(caught ? length : length + wakeUp);
        return caught;
    }

    private static int Until(AdaptiveSpin spin, long length, Func<bool> reached)
    {
        int waits = 0;
        while (!reached())
        {
            Assert.True(waits++ < 1000);
            Wait(spin, length);
        }

        return waits;
    }
}

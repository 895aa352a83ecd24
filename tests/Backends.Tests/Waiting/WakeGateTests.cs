using VmBus.Hosting;

namespace VmBus.Backends.Tests.Waiting;

public class WakeGateTests
{
    public static TheoryData<int> SpinBudgets() => [0, 200];

    [Fact]
    public void A_signal_before_the_wait_is_remembered()
    {
        var gate = new WakeGate();
        gate.Set();

        Assert.True(gate.Wait(TimeSpan.Zero));
        Assert.Equal(1, gate.Statistics.Immediate);
    }

    // Law: a wait that begins as the gate is closed ends, whichever comes first.
    [Fact]
    public async Task A_close_that_races_an_await_ends_it()
    {
        const int Rounds = 2000;
        WakeGate gate = new();
        int begun = 0, closed = 0;
        Background closing = Background.Run(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                while (Volatile.Read(ref begun) < round)
                    Thread.SpinWait(1);
                Thread.SpinWait(round % 32);
                gate.Close("closed");
                Volatile.Write(ref closed, round);
            }
        });
        for (int round = 1; round <= Rounds; round++)
        {
            Volatile.Write(ref begun, round);
            await Assert.ThrowsAsync<PeerDisconnectedException>(async () => await gate.WaitAsync().AsTask().WaitAsync(Patience.Limit));
            while (Volatile.Read(ref closed) < round)
                Thread.Yield();
            gate = new WakeGate();
        }

        closing.Join();
    }

    [Fact]
    public void Several_signals_become_one()
    {
        var gate = new WakeGate();
        gate.Set();
        gate.Set();

        Assert.True(gate.TryConsume());
        Assert.False(gate.TryConsume());
        Assert.False(gate.Wait(TimeSpan.Zero));
    }

    [Theory]
    [MemberData(nameof(SpinBudgets))]
    public void A_wait_without_a_signal_ends_with_its_time(int spinMicroseconds)
    {
        var gate = new WakeGate(TimeSpan.FromMicroseconds(spinMicroseconds));

        Assert.False(gate.Wait(TimeSpan.FromMilliseconds(3)));
        Assert.Equal(1, gate.Statistics.Timeouts);
        gate.Set();
        Assert.True(gate.Wait(TimeSpan.Zero), "The gate did not work after a timeout.");
    }

    [Fact]
    public void A_sleeping_waiter_is_woken()
    {
        var gate = new WakeGate();
        bool woken = false;
        Background waiter = Background.Run(() => woken = gate.Wait(Patience.Limit));
        Background.Until(() => gate.Statistics.Sleeps > 0, "the waiter sleeps");

        gate.Set();

        waiter.Join();
        Assert.True(woken);
        Assert.Equal(1, gate.Statistics.SleepWakeups);
    }

    [Fact]
    public void A_spinning_waiter_is_woken_without_having_slept()
    {
        var gate = new WakeGate(spinBudget: Patience.Limit);
        using var started = new ManualResetEventSlim();
        Background waiter = Background.Run(() =>
        {
            started.Set();
            Assert.True(gate.Wait(Patience.Limit));
        });
        Assert.True(started.Wait(Patience.Limit));

        gate.Set();

        waiter.Join();
        Assert.Equal(0, gate.Statistics.Sleeps);
        Assert.Equal(1, gate.Statistics.Wakeups);
    }

    [Fact]
    public void Spinning_in_vain_is_counted()
    {
        TimeSpan budget = TimeSpan.FromMicroseconds(50);
        var gate = new WakeGate(budget);
        gate.Wait(TimeSpan.Zero);
        Assert.Equal((0, TimeSpan.Zero), (gate.Statistics.SpinMisses, gate.Statistics.SpinTime));

        gate.Wait(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, gate.Statistics.SpinMisses);
        Assert.True(gate.Statistics.SpinTime >= budget);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Late_signals_shorten_an_adaptive_spin(bool adaptive)
    {
        TimeSpan budget = TimeSpan.FromMicroseconds(128);
        var gate = new WakeGate(budget, adaptiveSpin: adaptive);
        Assert.Equal(budget, gate.Statistics.SpinBudget);
        for (int i = 0; i < 3; i++)
            gate.Wait(TimeSpan.FromMilliseconds(1));
        Assert.Equal(adaptive ? budget / 128 : budget, gate.Statistics.SpinBudget);
    }

    [Theory]
    [MemberData(nameof(SpinBudgets))]
    public void Cancellation_ends_a_wait_and_the_next_one_works(int spinMicroseconds)
    {
        var gate = new WakeGate(TimeSpan.FromMicroseconds(spinMicroseconds));
        using var cancellation = new CancellationTokenSource();
        Background waiter = Background.Run(() =>
            Assert.Throws<OperationCanceledException>(() => gate.Wait(Timeout.InfiniteTimeSpan, cancellation.Token)));
        Background.Until(() => gate.Statistics.Sleeps > 0, "the waiter sleeps");

        cancellation.Cancel();

        waiter.Join();
        gate.Set();
        Assert.True(gate.Wait(TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public void A_cancelled_token_ends_a_wait_before_it_takes_a_signal()
    {
        var gate = new WakeGate();
        gate.Set();

        Assert.Throws<OperationCanceledException>(() => gate.Wait(Patience.Limit, new CancellationToken(true)));
        Assert.True(gate.WaitAsync(new CancellationToken(true)).AsTask().IsCanceled);
        Assert.True(gate.IsSet);
    }

    [Fact]
    public async Task An_awaited_gate_completes_when_it_is_set()
    {
        var gate = new WakeGate();
        Task wait = gate.WaitAsync().AsTask();
        Assert.False(wait.IsCompleted);

        gate.Set();

        await wait.WaitAsync(Patience.Limit);
        Assert.False(gate.IsSet);
        Assert.Equal(1, gate.Statistics.SleepWakeups);
    }

    [Fact]
    public void An_awaited_gate_that_is_set_completes_without_waiting()
    {
        var gate = new WakeGate();
        gate.Set();

        Assert.True(gate.WaitAsync().AsTask().IsCompletedSuccessfully);
        Assert.False(gate.IsSet);
    }

    [Fact]
    public async Task Cancellation_ends_an_await_and_the_next_one_works()
    {
        var gate = new WakeGate();
        using var cancellation = new CancellationTokenSource();
        Task wait = gate.WaitAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Task next = gate.WaitAsync().AsTask();
        Assert.False(next.IsCompleted);
        gate.Set();
        await next.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task With_inline_continuations_the_signaller_runs_them()
    {
        var gate = new WakeGate(inlineContinuations: true);
        int thread = 0;
        async Task Waiter()
        {
            await gate.WaitAsync().ConfigureAwait(false);
            thread = Environment.CurrentManagedThreadId;
        }
        Task waiter = Waiter();

        gate.Set();

        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        await waiter;
    }

    [Fact]
    public void A_second_waiter_is_told_so()
    {
        var gate = new WakeGate();
        _ = gate.WaitAsync().AsTask();

        Assert.Throws<InvalidOperationException>(() => { _ = gate.WaitAsync().AsTask(); });
        Assert.Throws<InvalidOperationException>(() => gate.Wait(Patience.Limit));
    }

    [Fact]
    public async Task Closing_ends_waits_of_every_kind()
    {
        var slept = new WakeGate();
        Background sleeper = Background.Run(() => Assert.Throws<PeerDisconnectedException>(() => slept.Wait(Timeout.InfiniteTimeSpan)));
        var awaited = new WakeGate();
        Task asleep = awaited.WaitAsync().AsTask();
        Background.Until(() => slept.Statistics.Sleeps > 0, "the waiter sleeps");

        slept.Close("gone");
        awaited.Close("gone");

        sleeper.Join();
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => asleep);
        Assert.Throws<PeerDisconnectedException>(() => slept.Wait(TimeSpan.Zero));
        Assert.Throws<PeerDisconnectedException>(() => { _ = slept.WaitAsync().AsTask(); });
    }

    [Fact]
    public void A_signal_before_the_close_is_still_taken()
    {
        var gate = new WakeGate();
        gate.Set();
        gate.Close("gone");

        Assert.True(gate.Wait(TimeSpan.Zero));
        Assert.Throws<PeerDisconnectedException>(() => gate.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void The_wake_cost_is_paid_by_the_woken_and_only_when_it_had_to_wait()
    {
        int paid = 0;
        var gate = new WakeGate(wakeCost: TimeSpan.FromMicroseconds(5), spendCost: _ => paid++);
        gate.Set();
        gate.Wait(TimeSpan.Zero);
        gate.Wait(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, paid);

        Background waiter = Background.Run(() => gate.Wait(Patience.Limit));
        Background.Until(() => gate.Statistics.Sleeps > 1, "the waiter sleeps");
        gate.Set();
        waiter.Join();
        Assert.Equal(1, paid);
    }

    [Fact]
    public void Setting_allocates_nothing_awake_or_asleep()
    {
        var gate = new WakeGate();
        Assert.Equal(0, Allocations.Of(() =>
        {
            gate.Set();
            gate.Wait(TimeSpan.Zero);
        }, 1000));
    }

    // The signaller counts up and sets; the waiter waits until it has seen the last count. A lost signal is a hang.
    [Theory]
    [InlineData(0, false)]
    [InlineData(20, false)]
    [InlineData(0, true)]
    public void No_signal_is_lost_however_the_threads_meet(int spinMicroseconds, bool cancellable)
    {
        const int Signals = 400_000;
        var there = new WakeGate(TimeSpan.FromMicroseconds(spinMicroseconds));
        var back = new WakeGate(TimeSpan.FromMicroseconds(spinMicroseconds));
        using var cancellation = new CancellationTokenSource();
        CancellationToken token = cancellable ? cancellation.Token : CancellationToken.None;
        long sent = 0, seen = 0;
        Background waiter = Background.Run(() =>
        {
            while (seen < Signals)
            {
                Assert.True(there.Wait(Patience.Limit, token), $"Lost at {seen} of {Volatile.Read(ref sent)}.");
                Volatile.Write(ref seen, Volatile.Read(ref sent));
                back.Set();
            }
        });

        // Now and then the signaller waits to be seen, so that the waiter is met falling asleep, asleep and awake.
        for (int signal = 1; signal <= Signals; signal++)
        {
            Volatile.Write(ref sent, signal);
            there.Set();
            if (signal % 7 != 0)
                continue;
            while (Volatile.Read(ref seen) < signal)
                Assert.True(back.Wait(Patience.Limit, token), $"Signal {signal} was lost.");
        }

        waiter.Join();
        Assert.Equal(Signals, seen);
    }

    [Fact]
    public async Task No_signal_is_lost_by_awaits()
    {
        const int Signals = 100_000;
        var gate = new WakeGate();
        long sent = 0, seen = 0;
        Background signaller = Background.Run(() =>
        {
            for (int signal = 1; signal <= Signals; signal++)
            {
                Volatile.Write(ref sent, signal);
                gate.Set();
                if (signal % 5 == 0)
                    Background.Until(() => Volatile.Read(ref seen) >= signal, $"signal {signal} is seen");
            }
        });

        while (seen < Signals)
        {
            await gate.WaitAsync();
            Volatile.Write(ref seen, Volatile.Read(ref sent));
        }

        signaller.Join();
    }

    // Cancellation and signal race; whoever wins, a signal is either taken or still there.
    [Fact]
    public void Cancelling_loses_no_signal()
    {
        var gate = new WakeGate();
        for (int round = 0; round < 2_000; round++)
        {
            using var cancellation = new CancellationTokenSource();
            bool taken = false;
            Background waiter = Background.Run(() =>
            {
                try
                {
                    taken = gate.Wait(Patience.Limit, cancellation.Token);
                }
                catch (OperationCanceledException)
                {
                    taken = false;
                }
            });
            Background canceller = Background.Run(cancellation.Cancel);
            gate.Set();
            waiter.Join();
            canceller.Join();
            Assert.True(taken ^ gate.TryConsume(), $"Round {round}: the signal was {(taken ? "taken twice" : "lost")}.");
        }
    }
}

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>The gate that the kernel opens, with this process as the kernel: it writes to the eventfd.</summary>
[SupportedOSPlatform("linux")]
public sealed class EventFdGateTests : IDisposable
{
    private readonly EventDispatcher _dispatcher = new();
    private readonly EventFdGate _gate;

    public EventFdGateTests() => _gate = new EventFdGate(_dispatcher, TimeSpan.Zero);

    /// <summary>Who signals: the kernel, or this process.</summary>
    public static TheoryData<bool> Signallers => [true, false];

    public void Dispose()
    {
        _gate.Dispose();
        _dispatcher.Dispose();
    }

    [Theory]
    [MemberData(nameof(Signallers))]
    public async Task A_signal_before_the_wait_is_remembered_and_taken_once(bool byKernel)
    {
        Signal(byKernel);
        Signal(byKernel);
        Assert.True(_gate.Wait(TimeSpan.Zero, Token));
        Assert.False(_gate.Wait(TimeSpan.Zero, Token));

        Signal(byKernel);
        ValueTask wait = _gate.WaitAsync(Token);
        Assert.True(wait.IsCompletedSuccessfully);
        await wait;
        Assert.False(_gate.Wait(TimeSpan.FromMilliseconds(1), Token));
    }

    [Theory]
    [MemberData(nameof(Signallers))]
    public void A_sleeping_waiter_is_woken(bool byKernel)
    {
        bool woken = false;
        Background waiter = Background.Run(() => woken = _gate.Wait(Patience.Limit));
        Background.Until(() => _gate.IsSlept, "the waiter sleeps");
        Signal(byKernel);
        waiter.Join();
        Assert.True(woken);
        Assert.False(_gate.Wait(TimeSpan.Zero, Token));
    }

    [Theory]
    [MemberData(nameof(Signallers))]
    public async Task An_awaiting_waiter_is_woken(bool byKernel)
    {
        for (int round = 0; round < 3; round++)
        {
            ValueTask wait = _gate.WaitAsync(Token);
            Assert.False(wait.IsCompleted);
            Signal(byKernel);
            await wait.AsTask().WaitAsync(Patience.Limit, Token);
        }
    }

    [Fact]
    public void A_blocking_wait_needs_nobody_else_to_take_the_kernels_signal()
    {
        using var blocked = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var other = new EventFdGate(_dispatcher, TimeSpan.Zero);
        var blocking = EventFd.Create();
        using IDisposable watch = _dispatcher.Add(blocking, _ =>
        {
            blocked.Set();
            go.Wait(Patience.Limit);
        });
        blocking.Signal();
        Assert.True(blocked.Wait(Patience.Limit, Token));

        bool woken = false;
        Background waiter = Background.Run(() => woken = _gate.Wait(Patience.Limit));
        Background.Until(() => _gate.IsSlept, "the waiter sleeps");
        _gate.Arrivals.Signal();
        waiter.Join();
        go.Set();
        Assert.True(woken);
    }

    [Fact]
    public async Task After_an_await_that_was_cancelled_the_next_signal_is_still_there()
    {
        using var cancelling = new CancellationTokenSource();
        ValueTask wait = _gate.WaitAsync(cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);

        // The dispatcher still looks, and takes it for whoever comes next.
        _gate.Arrivals.Signal();
        Assert.True(_gate.Wait(Patience.Limit, Token));
        Assert.Equal(1, _gate.CountArrivals());
    }

    [Fact]
    public void A_cancelled_wait_ends_and_the_next_one_works()
    {
        using var cancelling = new CancellationTokenSource();
        OperationCanceledException? ended = null;
        Background waiter = Background.Run(() => ended = Assert.ThrowsAny<OperationCanceledException>(() => _gate.Wait(Patience.Limit, cancelling.Token)));
        Background.Until(() => _gate.IsSlept, "the waiter sleeps");
        cancelling.Cancel();
        waiter.Join();
        Assert.NotNull(ended);
        _gate.Arrivals.Signal();
        Assert.True(_gate.Wait(TimeSpan.Zero, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_close_ends_waits_after_what_had_arrived_was_taken(bool byDisposal)
    {
        _gate.Arrivals.Signal();
        End();
        Assert.True(_gate.Wait(TimeSpan.Zero, Token));
        Assert.Throws<PeerDisconnectedException>(() => _gate.Wait(TimeSpan.Zero, Token));
        await Assert.ThrowsAsync<PeerDisconnectedException>(async () => await _gate.WaitAsync(Token));
        _gate.Set();
        _gate.Close("once more");
        Assert.Equal(1, _gate.CountArrivals());

        void End()
        {
            if (byDisposal)
                _gate.Dispose();
            else
                _gate.Close("gone");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_close_ends_a_wait_under_way(bool byDisposal)
    {
        PeerDisconnectedException? ended = null;
        Background waiter = Background.Run(() => ended = Assert.Throws<PeerDisconnectedException>(() => _gate.Wait(Timeout.InfiniteTimeSpan)));
        Background.Until(() => _gate.IsSlept, "the waiter sleeps");
        if (byDisposal)
            _gate.Dispose();
        else
            _gate.Close("gone");
        waiter.Join();
        Assert.NotNull(ended);
    }

    [Fact]
    public void Who_counts_takes_nothing_away_from_who_waits()
    {
        for (int i = 0; i < 3; i++)
            _gate.Arrivals.Signal();
        Assert.Equal(3, _gate.CountArrivals());
        Assert.Equal(3, _gate.CountArrivals());
        Assert.True(_gate.Wait(TimeSpan.Zero, Token));
        _gate.Set();
        Assert.Equal(3, _gate.CountArrivals());
    }

    [Fact]
    public async Task A_second_waiter_is_refused()
    {
        Background waiter = Background.Run(() => _gate.Wait(Patience.Limit));
        Background.Until(() => _gate.IsSlept, "the waiter sleeps");
        Assert.Throws<InvalidOperationException>(() => _gate.Wait(TimeSpan.Zero, Token));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _gate.WaitAsync(Token));
        _gate.Set();
        waiter.Join();

        ValueTask awaiting = _gate.WaitAsync(Token);
        Assert.Throws<InvalidOperationException>(() => _gate.Wait(TimeSpan.FromMilliseconds(1), Token));
        _gate.Set();
        await awaiting;
    }

    /// <summary>Of every signal the waiter learns, however it waits and whoever signals, and the kernel's are counted once.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    public async Task No_signal_is_lost(int spinMicroseconds)
    {
        const int Rounds = 20_000;
        using var gate = new EventFdGate(_dispatcher, TimeSpan.FromMicroseconds(spinMicroseconds));
        using var answered = new SemaphoreSlim(0);
        long seen = 0;
        long counted = 0;
        Background signaller = Background.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                if (i % 3 == 0)
                    gate.Set();
                else
                    gate.Arrivals.Signal();
                if (i % 7 == 0)
                    counted = gate.CountArrivals();
                // One at a time: a lost one leaves both waiting.
                Assert.True(answered.Wait(Patience.Limit));
            }
        });
        using var giveUp = new CancellationTokenSource(Patience.Limit);
        while (seen < Rounds)
        {
            if (seen % 2 == 0)
                Assert.True(gate.Wait(Patience.Limit, giveUp.Token));
            else
                await gate.WaitAsync(giveUp.Token);
            seen++;
            answered.Release();
        }
        signaller.Join();
        Assert.Equal(Rounds - (Rounds + 2) / 3, gate.CountArrivals());
        Assert.True(counted > 0);
    }

    [Fact]
    public void A_signal_between_the_last_look_and_the_sleep_is_not_lost()
    {
        const int Rounds = 20_000;
        int waits = 0;
        Background waiter = Background.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                Assert.True(_gate.Wait(Patience.Limit));
                Volatile.Write(ref waits, i + 1);
            }
        });
        for (int i = 0; i < Rounds; i++)
        {
            Background.Until(() => _gate.IsSlept || waiter.IsEnded, "the waiter sleeps");
            // Each time a little later on its way there.
            Thread.SpinWait(i % 64);
            _gate.Set();
            Background.Until(() => Volatile.Read(ref waits) > i || waiter.IsEnded, "the waiter wakes");
        }
        waiter.Join();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private void Signal(bool byKernel)
    {
        if (byKernel)
            _gate.Arrivals.Signal();
        else
            _gate.Set();
    }
}

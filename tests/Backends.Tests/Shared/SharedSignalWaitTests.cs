using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Shared;

// The order in which a wait looks at flag, event and peer. The channel above looks at its ring again and would hide
// most mistakes here.
[SupportedOSPlatform("linux")]
public sealed class SharedSignalWaitTests : IDisposable
{
    private const int Relid = 70;

    private readonly MappedMemory _page = MappedMemory.MapAnonymous(4096);
    private readonly SignalPipe _interrupt = SignalPipe.Create();
    private readonly UnixFdSocket _ours;
    private readonly UnixFdSocket _theirs;
    private readonly SharedSignalWait _wait;
    private readonly SharedSignalPath _path;

    public SharedSignalWaitTests()
    {
        (_ours, _theirs) = UnixFdSocket.CreatePair();
        _wait = new SharedSignalWait(Flags, Relid, _interrupt, _ours, "guest", new SpinBeforeSleep(TimeSpan.Zero, adaptive: true));
        _path = new SharedSignalPath(_page, Flags, Relid, _interrupt, SignalCapabilities.Hypercall);
    }

    private SynicEventFlagsPageView Flags => new(_page.Address);

    public void Dispose()
    {
        _wait.Dispose();
        _ours.Dispose();
        _theirs.Dispose();
        _interrupt.Dispose();
        _page.Dispose();
    }

    [Fact]
    public void What_a_peer_signalled_before_it_went_is_taken_first()
    {
        _path.Signal();
        _theirs.Dispose();

        Assert.True(_wait.Wait(Patience.Limit));
        Assert.Throws<PeerDisconnectedException>(() => _wait.Wait(Patience.Limit));
        Assert.Throws<PeerDisconnectedException>(() => _wait.Wait(TimeSpan.Zero));
    }

    // A peer killed between the flag and the event that goes with it.
    [Fact]
    public void A_flag_without_its_event_is_seen_when_the_peer_goes()
    {
        for (int round = 0; round < 3; round++)
        {
            (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
            using (ours)
            using (SharedSignalWait wait = new(Flags, Relid, _interrupt, ours, "guest", new SpinBeforeSleep(TimeSpan.Zero, adaptive: true)))
            {
                int thread = 0;
                bool signalled = false;
                Background waiter = Background.Run(() =>
                {
                    Volatile.Write(ref thread, TestLibc.ThreadId());
                    signalled = wait.Wait(Patience.Limit);
                });
                Background.Until(() => Volatile.Read(ref thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

                SyncBits.Set(Flags.Flags(SharedSignalPath.Sint), Relid);
                theirs.Dispose();

                waiter.Join();
                Assert.True(signalled);
            }
        }
    }

    [Fact]
    public void A_sleeping_waiter_is_woken_by_the_event()
    {
        int thread = 0;
        bool signalled = false;
        Background waiter = Background.Run(() =>
        {
            Volatile.Write(ref thread, TestLibc.ThreadId());
            signalled = _wait.Wait(Timeout.InfiniteTimeSpan);
        });
        Background.Until(() => Volatile.Read(ref thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        _path.Signal();

        waiter.Join();
        Assert.True(signalled);
        Assert.False(_wait.Wait(TimeSpan.Zero));
    }

    // The signal comes at any moment of a wait: before, between its looks at event and flag, in its sleep.
    [Fact]
    public void No_signal_is_lost_whenever_it_comes()
    {
        const int Rounds = 100_000;
        int taken = 0;
        bool failed = false;
        Background signaller = Background.Run(() =>
        {
            Random random = new(5);
            for (int round = 0; round < Rounds && !Volatile.Read(ref failed); round++)
            {
                Background.Until(() => Volatile.Read(ref taken) == round || Volatile.Read(ref failed), "the signal before is taken");
                // Mostly soon: a wait's looks are the first it does.
                Thread.SpinWait(random.Next(round % 8 == 0 ? 60 : 16));
                _path.Signal();
            }
        });

        for (int round = 1; round <= Rounds && !failed; round++)
        {
            Volatile.Write(ref failed, !_wait.Wait(Patience.Limit / 2));
            Volatile.Write(ref taken, round);
        }

        Assert.False(failed, $"Signal {taken} was lost.");
        signaller.Join();
    }

    [Fact]
    public void Late_signals_shorten_the_spin()
    {
        TimeSpan budget = TimeSpan.FromMicroseconds(128);
        SpinBeforeSleep spin = new(budget, adaptive: true);
        using SharedSignalWait wait = new(Flags, Relid, _interrupt, _ours, "guest", spin);
        for (int i = 0; i < 3; i++)
            Assert.False(wait.Wait(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(budget / 128, spin.Budget);
    }

    [Fact]
    public void Signals_that_nobody_took_are_one()
    {
        for (int i = 0; i < 10; i++)
            _path.Signal();

        Assert.Equal(1, TestLibc.BytesIn(_interrupt.Descriptor));
        Assert.True(_wait.Wait(TimeSpan.Zero));
        Assert.False(_wait.Wait(TimeSpan.Zero));
    }

    // A peer that writes to the event and never sets the flag.
    [Fact]
    public void An_event_without_its_flag_neither_ends_a_wait_nor_prolongs_it()
    {
        bool stop = false;
        Background storm = Background.Run(() =>
        {
            while (!Volatile.Read(ref stop))
                _interrupt.Signal();
        });

        for (int i = 0; i < 100; i++)
            Assert.False(_wait.Wait(TimeSpan.FromMicroseconds(200)));

        Volatile.Write(ref stop, true);
        storm.Join();
    }

    [Fact]
    public async Task A_closed_wait_says_so()
    {
        _wait.Dispose();
        _wait.Dispose();

        Assert.Throws<PeerDisconnectedException>(() => _wait.Wait(TimeSpan.Zero));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => _wait.WaitAsync().AsTask());
    }
}

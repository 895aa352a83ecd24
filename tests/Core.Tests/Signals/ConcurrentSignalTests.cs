using VmBus.Core.Tests.Channels;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>Several threads signal at once, and others change the same words.</summary>
public class ConcurrentSignalTests
{
    private const int Threads = 4;
    private const int Each = 50_000;

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    public void A_concurrent_signaller_counts_every_signal(SignalMode mode)
    {
        using var rig = new SignalRig(concurrent: true, dedicated: false);
        rig.Signaler.Mode = mode;
        rig.Path.Answer = HypercallStatus.InvalidConnectionId;
        long done = 0;
        Workers.Run(() => Volatile.Read(ref done), () => $"{done} done",
            [.. Enumerable.Range(0, Threads).Select(t => (Action)(() =>
            {
                for (int i = 0; i < Each; i++)
                {
                    rig.AfterWrite(SignalNeed.Required, (Urgency)((t + i) % 3));
                    rig.Signaler.SignalRoom();
                    Interlocked.Increment(ref done);
                }
            }))]);

        SignalStatistics counted = rig.Signaler.GetStatistics();
        const long All = Threads * (long)Each;
        Assert.Equal(2 * All, counted.Total);
        Assert.Equal(All, counted.RoomSignals);
        Assert.Equal(counted.Hypercalls, rig.Path.Signals);
        Assert.Equal(counted.Hypercalls, counted.Failed);

        // A third of each thread's signals are relaxed, urgent or as the mode says; rooms are calls.
        long deferred = Enumerable.Range(0, Threads).Sum(t => Enumerable.Range(0, Each).LongCount(i =>
            (Urgency)((t + i) % 3) == Urgency.Relaxed || ((Urgency)((t + i) % 3) == Urgency.Normal && mode == SignalMode.Monitored)));
        Assert.Equal(deferred, counted.Monitored);
    }

    [Fact]
    public void An_adaptive_signaller_used_by_many_threads_counts_every_signal()
    {
        using var rig = new SignalRig(concurrent: true);
        rig.Signaler.Mode = SignalMode.Adaptive;
        long done = 0;
        Workers.Run(() => Volatile.Read(ref done), () => $"{done} done",
            [.. Enumerable.Range(0, Threads).Select(t => (Action)(() =>
            {
                for (int i = 0; i < Each; i++)
                {
                    rig.Signaler.Signal(Urgency.Normal, sent: Volatile.Read(ref done) * (i / 1000 % 2 == 0 ? 1 : 20), received: i / 100);
                    Interlocked.Increment(ref done);
                }
            }))]);
        SignalStatistics counted = rig.Signaler.GetStatistics();
        Assert.Equal(Threads * (long)Each, counted.Total);
        Assert.Equal(counted.Hypercalls, rig.Path.Signals);
    }

    [Fact]
    public void Signalling_loses_no_bit_that_others_set_in_the_same_words()
    {
        using var rig = new SignalRig(dedicated: false);
        long rounds = 0, toggles = 0, lost = 0;
        bool stop = false;
        Workers.Run(() => Volatile.Read(ref rounds), () => $"{rounds} rounds", Signal, Toggle);
        Assert.Equal(0, lost);

        void Signal()
        {
            // Until both have gone round often: a thread alone proves nothing.
            for (long i = 0; i < 500_000 || Volatile.Read(ref toggles) < 500_000; i++)
            {
                rig.AfterWrite(SignalNeed.Required);
                if (!rig.IsPending || !rig.IsInterruptBitSet)
                    Interlocked.Increment(ref lost);
                rig.Examine();
                Interlocked.And(ref rig.Pages.InterruptPage.Send[0], ~(1ul << 7));
                Volatile.Write(ref rounds, i);
            }

            Volatile.Write(ref stop, true);
        }

        void Toggle()
        {
            while (!Volatile.Read(ref stop))
            {
                Interlocked.Or(ref rig.Pages.MonitorPage.Pending(1), 1u << 11);
                Interlocked.Or(ref rig.Pages.InterruptPage.Send[0], 1ul << 8);
                if ((Volatile.Read(ref rig.Pages.MonitorPage.Pending(1)) & 1u << 11) == 0 || (Volatile.Read(ref rig.Pages.InterruptPage.Send[0]) & 1ul << 8) == 0)
                    Interlocked.Increment(ref lost);
                Interlocked.And(ref rig.Pages.MonitorPage.Pending(1), ~(1u << 11));
                Interlocked.And(ref rig.Pages.InterruptPage.Send[0], ~(1ul << 8));
                if ((Volatile.Read(ref rig.Pages.MonitorPage.Pending(1)) & 1u << 11) != 0)
                    Interlocked.Increment(ref lost);
                Volatile.Write(ref toggles, toggles + 1);
            }
        }
    }
}

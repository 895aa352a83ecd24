using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Core.Tests.Rings;
using VmBus.Core.Tests.Signals;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>The mode changes at any moment, under traffic: no packet is lost and no wakeup.</summary>
public class ModeFlipTests
{
    private const int Group = 42 / 32;
    private const uint Bit = 1u << 42 % 32;

    private enum Step { Send, SendBatch, Urgent, Relaxed, Monitored, LowLatency, Adaptive, Examine, Wake, Answer }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// Law: as long as packets wait and their reader sleeps, its signal is under way: in its gate, or pending in the
    /// monitor page, whatever was sent how, and however the mode changed in between.
    /// </summary>
    [Property(MaxTest = 500, EndSize = 300)]
    public Property A_sleeping_reader_with_packets_has_a_signal_under_way_at_every_moment()
        => Prop.ForAll(Arb.From(Gen.ArrayOf(Gen.Elements(Enum.GetValues<Step>())), RingHistory.Shorter), steps =>
        {
            var pages = new SharedPages();
            using var pair = new ChannelPair(pages: pages, adaptive: AdaptiveOptions.Default with { Patience = 2 });
            long sent = 0, read = 0;
            foreach (Step step in steps)
            {
                switch (step)
                {
                    case Step.Send or Step.Urgent or Step.Relaxed:
                        Urgency urgency = step == Step.Urgent ? Urgency.Urgent : step == Step.Relaxed ? Urgency.Relaxed : Urgency.Normal;
                        if (pair.Left.TrySend(Traffic.Payload(sent, 40), (ulong)sent, PacketFlags.None, urgency))
                            sent++;
                        break;
                    case Step.SendBatch:
                        using (ChannelWriteBatch batch = pair.Left.BeginBatch())
                        {
                            for (int i = 0; i < 5 && batch.TryAdd(Traffic.Payload(sent, 40), (ulong)sent); i++)
                                sent++;
                            batch.Commit();
                        }

                        break;
                    case Step.Monitored or Step.LowLatency or Step.Adaptive:
                        pair.Left.SignalMode = (SignalMode)(step - Step.Monitored);
                        break;
                    case Step.Examine:
                        Examine(pages, pair.RightGate);
                        break;
                    case Step.Wake:
                        // The reader looks only when its gate opened; it reads all and goes back to sleep.
                        if (!pair.RightGate.Wait(TimeSpan.Zero, CancellationToken.None))
                            break;
                        do
                            TrafficTests.TakeAll(pair.Right, 40, ref read);
                        while (pair.Right.Incoming.UnmaskInterrupt());
                        break;
                    case Step.Answer:
                        pair.Right.TrySend([]);
                        ChannelTests.Drain(pair.Left);
                        break;
                }

                bool underWay = pair.RightGate.IsOpen || (pages.MonitorPage.Pending(Group) & Bit) != 0;
                Assert.True(read == sent || underWay, $"after {step}: {sent} sent, {read} read, no signal under way");
            }

            // Two looks at the page at most bring the rest.
            Examine(pages, pair.RightGate);
            if (read < sent)
            {
                Assert.True(pair.RightGate.Wait(TimeSpan.Zero, CancellationToken.None));
                TrafficTests.TakeAll(pair.Right, 40, ref read);
            }

            Assert.Equal(sent, read);
        });

    [Fact]
    public void A_million_flips_under_traffic_lose_no_packet_and_no_wakeup()
    {
        const int Flips = 1_000_000;
        var pages = new SharedPages();
        using var pair = new ChannelPair(pages: pages);
        long flips = 0, sent = 0, read = 0, total = long.MaxValue;
        bool stop = false;
        Workers.Run(
            () => Volatile.Read(ref sent) + Volatile.Read(ref read) + (Volatile.Read(ref flips) < Flips ? 0 : 1),
            () => $"{flips} flips, {sent} sent, {read} read, pending {pages.MonitorPage.Pending(Group):x}, open {pair.RightGate.IsOpen}; {TrafficTests.Describe(pair)}",
            Flip,
            Send,
            Receive,
            Examine);

        Assert.Equal((Flips, total, total), (flips, sent, read));
        ChannelStatistics counted = pair.Left.GetStatistics();
        Assert.Equal(counted.Outgoing.Required, counted.Signals.Total - counted.Signals.Promoted);
        Assert.True(counted.Signals.Monitored > 0 && counted.Signals.Hypercalls > 0, $"{counted.Signals}");
        Assert.Equal(0, counted.Signals.Failed);

        void Flip()
        {
            var random = new Random(1);
            for (int i = 0; i < Flips; i++)
            {
                pair.Left.SignalMode = (SignalMode)random.Next(3);
                Volatile.Write(ref flips, i + 1);
                Thread.SpinWait(random.Next(30));
                if (i % 1024 == 0)
                    Thread.Yield();
            }
        }

        void Send()
        {
            var random = new Random(2);
            long number = 0;
            while (Volatile.Read(ref flips) < Flips)
            {
                // Bursts that let the ring run empty before the next, so that each may be the one whose signal is lost.
                for (int burst = random.Next(1, 4); burst > 0; burst--)
                {
                    ReadOnlySpan<byte> payload = Traffic.Payload(number, 200);
                    while (!pair.Left.TrySend(payload, (ulong)number, PacketFlags.None, (Urgency)(random.Next(8) switch { 0 => 1, 1 => 2, _ => 0 })))
                        Assert.True(pair.Left.WaitToWrite(payload.Length, Timeout.InfiniteTimeSpan, Token));
                    Volatile.Write(ref sent, ++number);
                }

                if (random.Next(4) != 0)
                    continue;
                SpinWait spin = default;
                while (Volatile.Read(ref read) < number && !Volatile.Read(ref stop))
                    spin.SpinOnce(sleep1Threshold: -1);
            }

            // The last one is known to be the last before it is sent.
            Volatile.Write(ref total, number + 1);
            while (!pair.Left.TrySend(Traffic.Payload(number, 200), (ulong)number))
                Assert.True(pair.Left.WaitToWrite(200, Timeout.InfiniteTimeSpan, Token));
            Volatile.Write(ref sent, number + 1);
        }

        void Receive()
        {
            while (read < Volatile.Read(ref total))
            {
                Assert.True(pair.Right.WaitToRead(Timeout.InfiniteTimeSpan, Token));
                TrafficTests.TakeAll(pair.Right, 200, ref read);
            }

            Volatile.Write(ref stop, true);
        }

        void Examine()
        {
            while (!Volatile.Read(ref stop))
            {
                ModeFlipTests.Examine(pages, pair.RightGate);
                Thread.Yield();
            }
        }
    }

    /// <summary>The hypervisor looks at the page: a pending bit is cleared, then signalled.</summary>
    private static void Examine(SharedPages pages, Gate gate)
    {
        ref uint pending = ref pages.MonitorPage.Pending(Group);
        if (Volatile.Read(ref pending) != 0 && (Interlocked.Exchange(ref pending, 0) & Bit) != 0)
            gate.Signal();
    }
}

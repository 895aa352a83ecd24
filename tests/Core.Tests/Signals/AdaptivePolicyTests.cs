using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>The choice by load: what each kind of traffic comes to, where the edges are, and that it does not flap.</summary>
public class AdaptivePolicyTests
{
    private const long Window = 1000;       // ticks: 100 us at 10 MHz

    private static readonly AdaptiveOptions Options = AdaptiveOptions.Default;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(999)]
    [InlineData(100_000)]
    public void A_ping_pong_of_any_speed_gets_low_latency_and_keeps_it(long ticksPerTurn)
    {
        AdaptivePolicy policy = New();
        long sent = 0, now = 0;
        while (policy.Defers)
        {
            policy.OnDeferred(++sent);
            Assert.True(sent <= Options.Patience);
        }

        for (int turn = 0; turn < 100_000; turn++)
            Assert.False(policy.OnImmediate(++sent, received: sent - 1, now += ticksPerTurn));
        Assert.False(policy.Defers);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(60, 1)]
    [InlineData(10, 3)]
    [InlineData(900, 16)]
    [InlineData(5000, 100)]
    public void A_stream_becomes_monitored_and_stays_so(long ticksPerSignal, int packetsPerSignal)
    {
        AdaptivePolicy policy = Immediate();
        long sent = 1000, now = 77;
        int signals = 0;
        while (!policy.Defers)
        {
            policy.OnImmediate(sent += packetsPerSignal, received: 0, now += ticksPerSignal);
            Assert.True(++signals < 20_000);
        }

        // One deferred batch takes in what came in a window: it is as large as the load.
        for (int batch = 0; batch < 10_000; batch++)
            Assert.False(policy.OnDeferred(sent += packetsPerSignal * Math.Max(1, Window / ticksPerSignal)));
    }

    [Theory]
    [InlineData(70)]        // 14 in a window
    [InlineData(1000)]
    [InlineData(10_000)]
    [InlineData(10_000_000)]
    public void Sparse_paced_packets_get_low_latency_and_keep_it(long ticksPerPacket)
    {
        AdaptivePolicy policy = Immediate();
        long sent = 0, now = 0;
        for (int i = 0; i < 100_000; i++)
            Assert.False(policy.OnImmediate(++sent, received: 0, now += ticksPerPacket));

        policy = New();
        for (int i = 0; i < Options.Patience; i++)
            Assert.Equal(i == Options.Patience - 1, policy.OnDeferred(i + 1));
        Assert.False(policy.Defers);
    }

    [Fact]
    public void A_deferred_batch_is_small_below_FewPackets_and_not_at_it()
    {
        AdaptivePolicy policy = New();
        long sent = 0;
        for (int i = 0; i < 1000; i++)
            Assert.False(policy.OnDeferred(sent += Options.FewPackets));
        for (int i = 1; i < Options.Patience; i++)
            Assert.False(policy.OnDeferred(sent += Options.FewPackets - 1));
        Assert.False(policy.OnDeferred(sent += Options.FewPackets));
        for (int i = 1; i < Options.Patience; i++)
            Assert.False(policy.OnDeferred(sent += Options.FewPackets - 1));
        Assert.True(policy.OnDeferred(sent + Options.FewPackets - 1));
    }

    [Fact]
    public void A_window_is_full_at_ManyPackets_and_not_below()
    {
        // The packets of a window come with the signal that ends it.
        AdaptivePolicy policy = Immediate();
        long sent = 0, now = 0;
        Assert.False(policy.OnImmediate(sent, 0, now));
        for (int i = 0; i < 1000; i++)
            Assert.False(policy.OnImmediate(sent += Options.ManyPackets - 1, 0, now += Window));
        for (int i = 1; i < Options.Patience; i++)
            Assert.False(policy.OnImmediate(sent += Options.ManyPackets, 0, now += Window));
        Assert.False(policy.OnImmediate(sent += Options.ManyPackets - 1, 0, now += Window));
        for (int i = 1; i < Options.Patience; i++)
            Assert.False(policy.OnImmediate(sent += Options.ManyPackets, 0, now += Window));
        Assert.True(policy.OnImmediate(sent + Options.ManyPackets, 0, now + Window));
    }

    [Fact]
    public void A_window_lasts_its_length_and_counts_by_its_length_when_the_signal_comes_late()
    {
        AdaptivePolicy policy = Immediate();
        Assert.False(policy.OnImmediate(0, 0, 0));

        // Not over yet: a flood in it is not judged, however often it is looked at.
        for (int i = 0; i < 100; i++)
            Assert.False(policy.OnImmediate(100_000, 0, Window - 1));

        // Over after 100 windows: 100 times as many packets are needed.
        policy = Immediate();
        long sent = 0, now = 0;
        Assert.False(policy.OnImmediate(sent, 0, now));
        for (int i = 0; i < 1000; i++)
            Assert.False(policy.OnImmediate(sent += 100 * Options.ManyPackets - 1, 0, now += 100 * Window));
        for (int i = 1; i < Options.Patience; i++)
            Assert.False(policy.OnImmediate(sent += 100 * Options.ManyPackets, 0, now += 100 * Window));
        Assert.True(policy.OnImmediate(sent + 100 * Options.ManyPackets, 0, now + 100 * Window));
    }

    [Fact]
    public void A_window_that_lacks_one_tick_is_not_over()
    {
        // Every second look finds it over: so it takes twice as many of them, and one that opens the first.
        AdaptivePolicy policy = Immediate();
        Assert.False(policy.OnImmediate(0, 0, 0));
        for (int look = 1; look < 2 * Options.Patience; look++)
            Assert.False(policy.OnImmediate(look * 1000, 0, look * (Window - 1)));
        Assert.True(policy.OnImmediate(2 * Options.Patience * 1000, 0, 2 * Options.Patience * (Window - 1)));
    }

    [Fact]
    public void Whoever_comes_back_to_signalling_at_once_begins_a_new_window()
    {
        AdaptivePolicy policy = Immediate();
        long sent = 0, now = 0;
        for (int round = 0; round < 3; round++)
        {
            for (int look = 0; look < Options.Patience; look++)
                Assert.False(policy.OnImmediate(sent += 100, 0, now += Window));
            Assert.True(policy.OnImmediate(sent += 100, 0, now += Window));
            for (int batch = 0; batch < Options.Patience; batch++)
                policy.OnDeferred(++sent);
            Assert.False(policy.Defers);
        }
    }

    [Fact]
    public void Anything_that_comes_back_begins_the_count_anew_while_few_packets_are_in_flight()
    {
        AdaptivePolicy policy = Immediate();
        long sent = 0, now = 0, received = 0;
        Assert.False(policy.OnImmediate(sent, received, now));
        for (int i = 0; i < 1000; i++)
        {
            for (int full = 1; full < Options.Patience; full++)
                Assert.False(policy.OnImmediate(sent += Options.ManyPackets, received, now += Window));
            // All that was sent is answered.
            Assert.False(policy.OnImmediate(sent += Options.ManyPackets, received = sent, now += Window));
        }
    }

    /// <summary>
    /// A dialogue has few packets in flight, however fast it is and however many answers each of them gets.
    /// </summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(3, 3)]
    [InlineData(15, 15)]
    public void A_dialogue_of_few_packets_in_flight_is_never_put_to_a_trial(int inFlight, int answers)
    {
        AdaptivePolicy policy = Immediate();
        long sent = 0, received = 0, now = 0;
        for (int turn = 0; turn < 100_000; turn++)
        {
            for (int packet = 0; packet < inFlight; packet++)
                Assert.False(policy.OnImmediate(++sent, received, now += 1));
            received += answers;
        }
    }

    /// <summary>A stream with acknowledgements, as a network card's: many packets are in flight, and each answer lets another go.</summary>
    [Theory]
    [InlineData(16, 1, 10)]
    [InlineData(64, 1, 10)]
    [InlineData(1000, 1, 60)]
    [InlineData(64, 8, 10)]
    [InlineData(256, 64, 1)]
    public void A_stream_that_is_answered_becomes_monitored_and_stays_so(int inFlight, int packetsPerAnswer, int ticksPerPacket)
    {
        var load = new AnsweredStream(inFlight, packetsPerAnswer, ticksPerPacket);
        AdaptivePolicy policy = Immediate();
        while (!policy.Defers)
            load.Immediate(ref policy);

        for (int batch = 0; batch < 10_000; batch++)
            Assert.False(policy.OnDeferred(load.Deferred()));
    }

    /// <summary>
    /// Many are in flight by the count, and yet each waits for an answer: before the dialogue there was a stream, or each
    /// message takes several packets. A trial finds that no batch builds up, costs one window, and the next is twice as far away.
    /// </summary>
    [Fact]
    public void A_trial_that_builds_no_batch_ends_at_once_and_the_next_comes_ever_later()
    {
        AdaptivePolicy policy = Immediate();
        long sent = 1000, received = 0, now = 0;
        Assert.False(policy.OnImmediate(0, 0, 0));
        List<long> trials = [];
        while (now < 6000 * Window)
        {
            if (policy.Defers)
            {
                trials.Add(now / Window);
                now += Window;
                received++;
                Assert.True(policy.OnDeferred(++sent));
                continue;
            }

            policy.OnImmediate(++sent, ++received, now += Window / 20);
        }

        long[] gaps = [.. trials.Skip(1).Zip(trials, (later, earlier) => later - earlier)];
        Assert.True(gaps.Length is >= 9 and < 20, $"trials at windows {string.Join(", ", trials)}");
        for (int i = 1; i < gaps.Length; i++)
        {
            long expected = Math.Min(Options.Patience << (i + 1), Options.Patience << AdaptivePolicy.MostDoublings);
            Assert.InRange(gaps[i], expected, (expected * 1.1) + 3);
        }
    }

    [Fact]
    public void A_trial_that_builds_a_batch_makes_the_next_one_as_near_as_the_first()
    {
        var load = new AnsweredStream(64, 1, 10);
        AdaptivePolicy policy = Immediate();
        long[] windows = new long[3];
        for (int round = 0; round < windows.Length; round++)
        {
            long began = load.Now;
            while (!policy.Defers)
                load.Immediate(ref policy);
            windows[round] = (load.Now - began) / Window;
            Assert.False(policy.OnDeferred(load.Deferred()));
            // It dries up, and comes again.
            while (policy.Defers)
                policy.OnDeferred(load.One());
        }

        Assert.All(windows, one => Assert.InRange(one, Options.Patience, Options.Patience + 2));
    }

    /// <summary>A dialogue that counts as in flight, for a stream came before it, and whose trials have failed; then a stream.</summary>
    [Fact]
    public void A_stream_behind_failed_trials_is_deferred_within_its_first_windows()
    {
        AdaptivePolicy policy = Immediate();
        long sent = 1000, received = 0, now = 0;
        Assert.False(policy.OnImmediate(0, 0, 0));
        for (int failed = 0; failed < AdaptivePolicy.MostDoublings;)
        {
            if (policy.Defers)
            {
                failed++;
                Assert.True(policy.OnDeferred(++sent));
            }
            else
            {
                policy.OnImmediate(++sent, ++received, now += Window / 20);
            }
        }

        for (int i = 0; i < 50; i++)
            Assert.False(policy.OnImmediate(++sent, ++received, now += Window / 20));
        long began = now;
        while (!policy.OnImmediate(++sent, received, now += Window / 20))
            Assert.True(now - began < 10 * Window);
        Assert.False(policy.IsTrial);
    }

    [Fact]
    public void One_trial_that_passes_makes_up_for_those_that_failed()
    {
        var load = new AnsweredStream(64, 1, 10);
        AdaptivePolicy policy = Immediate();
        for (int failed = 0; failed < 3; failed++)
        {
            UntilTrial();
            Assert.True(policy.OnDeferred(load.One()));
        }

        UntilTrial();
        Assert.False(policy.OnDeferred(load.Deferred()));
        while (policy.Defers)
            policy.OnDeferred(load.One());
        long began = load.Now;
        UntilTrial();
        Assert.InRange((load.Now - began) / Window, Options.Patience, Options.Patience + 2);

        void UntilTrial()
        {
            while (!policy.Defers)
                load.Immediate(ref policy);
            Assert.True(policy.IsTrial);
        }
    }

    [Fact]
    public void What_the_other_side_sent_on_its_own_is_no_answer()
    {
        var load = new AnsweredStream(64, 1, 10, receivedBefore: 1_000_000);
        AdaptivePolicy policy = Immediate();
        Assert.False(policy.OnImmediate(load.Sent, load.Received, load.Now));
        while (!policy.Defers)
            load.Immediate(ref policy);
    }

    [Fact]
    public void A_stream_with_fewer_than_ManyPackets_in_flight_is_called_for()
    {
        var load = new AnsweredStream(Options.ManyPackets - 1, 1, 10);
        AdaptivePolicy policy = Immediate();
        for (int i = 0; i < 100_000; i++)
            load.Immediate(ref policy);
        Assert.False(policy.Defers);
    }

    [Fact]
    public void A_stream_without_answers_needs_no_trial_whatever_came_before()
    {
        var load = new AnsweredStream(64, 1, 10);
        AdaptivePolicy policy = Immediate();
        while (!policy.Defers)
            load.Immediate(ref policy);
        Assert.True(policy.OnDeferred(load.One()));
        // Answers still come, and too few packets go.
        long sent = load.Sent, received = load.Received, now = load.Now;
        for (int i = 0; i < 5; i++)
            Assert.False(policy.OnImmediate(++sent, ++received, now += Window));
        for (int i = 1; i <= Options.Patience; i++)
            Assert.Equal(i == Options.Patience, policy.OnImmediate(sent += 100, received, now += Window));
        Assert.False(policy.IsTrial);
    }

    [Fact]
    public void A_trial_passes_with_ManyPackets_and_not_with_fewer()
    {
        foreach (int batch in (int[])[Options.ManyPackets - 1, Options.ManyPackets])
        {
            var load = new AnsweredStream(64, 1, 10);
            AdaptivePolicy policy = Immediate();
            while (!policy.Defers)
                load.Immediate(ref policy);
            Assert.Equal(batch < Options.ManyPackets, policy.OnDeferred(load.Sent + batch));
            Assert.Equal(batch >= Options.ManyPackets, policy.Defers);
        }
    }

    [Fact]
    public void Between_the_edges_a_channel_stays_as_it_is()
    {
        for (int packets = Options.FewPackets; packets < Options.ManyPackets; packets++)
        {
            AdaptivePolicy deferring = New(), immediate = Immediate();
            long sent = 0, now = 0;
            for (int i = 0; i < 10_000; i++)
            {
                sent += packets;
                now += Window;
                Assert.False(deferring.OnDeferred(sent));
                Assert.False(immediate.OnImmediate(sent, 0, now));
            }
        }
    }

    /// <summary>Law: the same history gives the same choices, and no change comes sooner than patience allows.</summary>
    [Property(MaxTest = 300)]
    public Property The_same_history_gives_the_same_choices()
    {
        Gen<(int Sent, int Received, int Ticks)> step =
            from sent in Gen.Frequency((3, Gen.Choose(1, 3)), (2, Gen.Choose(4, 60)))
            from received in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
            from ticks in Gen.Frequency((3, Gen.Choose(0, 300)), (2, Gen.Choose(900, 1100)), (1, Gen.Choose(0, 100_000)))
            select (sent, received, ticks);
        Gen<(int, int, int)[]> runs = Gen.ArrayOf(step).Zip(Gen.Choose(1, 40), (steps, times) => Enumerable.Repeat(steps, times).SelectMany(s => s).ToArray());
        return Prop.ForAll(Arb.From(runs, RingHistory.Shorter), history =>
        {
            bool[] first = Choices(history, out int[] changes);
            Assert.Equal(first, Choices(history, out _));
            for (int i = 1; i < changes.Length; i++)
                Assert.True(changes[i] - changes[i - 1] >= Options.Patience, $"changes at {changes[i - 1]} and {changes[i]}");
        });
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        AdaptiveOptions[] wrong =
        [
            Options with { FewPackets = 0 }, Options with { FewPackets = -1 }, Options with { ManyPackets = 4 }, Options with { ManyPackets = 3 },
            Options with { Patience = 0 }, Options with { Window = TimeSpan.Zero }, Options with { Window = TimeSpan.FromTicks(-1) },
        ];
        foreach (AdaptiveOptions options in wrong)
            Assert.Throws<ArgumentOutOfRangeException>(() => new SignalRig(adaptive: options));
        new SignalRig(adaptive: Options with { ManyPackets = 5, Patience = 1, Window = TimeSpan.FromTicks(1) }).Dispose();
    }

    [Fact]
    public void An_adaptive_channel_under_a_fake_clock_follows_its_load()
    {
        var clock = new FakeTimeProvider();
        using var rig = new SignalRig(clock: clock);
        ChannelSignaler signaler = rig.Signaler;
        signaler.Mode = SignalMode.Adaptive;
        Assert.Equal(EffectiveSignal.Monitored, signaler.EffectiveMode);

        // A dialogue: one packet, one answer.
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(i, signaler.GetStatistics().Monitored);
            Turn();
        }

        Assert.Equal((EffectiveSignal.Hypercall, 1, 7, 1), (signaler.EffectiveMode, signaler.GetStatistics().ModeChanges, signaler.GetStatistics().Monitored, rig.Path.Signals));
        for (int i = 0; i < 1000; i++)
            Turn();
        Assert.Equal((EffectiveSignal.Hypercall, 1), (signaler.EffectiveMode, signaler.GetStatistics().ModeChanges));

        // A stream: packet after packet, each of which ends emptiness, and no answer.
        while (signaler.EffectiveMode == EffectiveSignal.Hypercall)
        {
            Assert.True(rig.Path.Signals < 2000);
            Send();
            clock.Advance(TimeSpan.FromMicroseconds(5));
        }

        Assert.Equal(2, signaler.GetStatistics().ModeChanges);
        long calls = rig.Path.Signals;
        for (int i = 0; i < 1000; i++)
        {
            for (int packet = 0; packet < 20; packet++)
                Assert.True(rig.Outgoing.TryWrite([], 0, PacketFlags.None, out _));
            rig.AfterWrite(SignalNeed.Required);
            rig.Receive();
        }

        Assert.Equal((EffectiveSignal.Monitored, calls), (signaler.EffectiveMode, rig.Path.Signals));

        // Urgent goes out now even so, and back to a dialogue it comes.
        rig.AfterWrite(SignalNeed.Required, Urgency.Urgent);
        Assert.Equal(calls + 1, rig.Path.Signals);
        for (int i = 0; i < 20; i++)
            Turn();
        Assert.Equal((EffectiveSignal.Hypercall, 3), (signaler.EffectiveMode, signaler.GetStatistics().ModeChanges));

        void Turn()
        {
            Send();
            clock.Advance(TimeSpan.FromMicroseconds(20));
            rig.Answer();
        }

        void Send()
        {
            Assert.True(rig.Outgoing.TryWrite([], 0, PacketFlags.None, out SignalNeed need));
            rig.AfterWrite(need);
            rig.Receive();
        }
    }

    private static AdaptivePolicy New() => new(Options, TimeSpan.TicksPerSecond);

    private static AdaptivePolicy Immediate()
    {
        AdaptivePolicy policy = New();
        while (policy.Defers)
            policy.OnDeferred(0);
        return policy;
    }

    /// <summary>A sender that keeps so many packets in flight; an answer comes for each so many, and time passes with each packet.</summary>
    private sealed class AnsweredStream(int inFlight, int packetsPerAnswer, int ticksPerPacket, int receivedBefore = 0)
    {
        public long Sent { get; private set; }

        public long Received { get; private set; } = receivedBefore;

        public long Now { get; private set; }

        // A load that is never deferred fails its test here.
        public void Immediate(ref AdaptivePolicy policy)
        {
            Assert.True(Now < 20_000 * Window);
            policy.OnImmediate(One(), Received, Now);
        }

        public long One()
        {
            Now += ticksPerPacket;
            if (Sent - ((Received - receivedBefore) * packetsPerAnswer) >= inFlight)
                Received++;
            return ++Sent;
        }

        /// <summary>One deferred batch: what is in flight, or what a window makes.</summary>
        public long Deferred()
        {
            int batch = Math.Min(inFlight, (int)Window / ticksPerPacket);
            for (int i = 0; i < batch; i++)
                One();
            return Sent;
        }
    }

    private static bool[] Choices((int Sent, int Received, int Ticks)[] history, out int[] changes)
    {
        AdaptivePolicy policy = New();
        long sent = 0, received = 0, now = 0;
        var changed = new List<int>();
        bool[] choices = new bool[history.Length];
        for (int i = 0; i < history.Length; i++)
        {
            sent += history[i].Sent;
            received += history[i].Received;
            now += history[i].Ticks;
            bool trial = policy.IsTrial;
            // A trial may end with its first batch.
            if ((policy.Defers ? policy.OnDeferred(sent) : policy.OnImmediate(sent, received, now)) && !trial)
                changed.Add(i);
            choices[i] = policy.Defers;
        }

        changes = [.. changed];
        return choices;
    }
}

using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>A message that cannot wait, behind messages whose signal was left to the monitor page.</summary>
public class PromotionTests
{
    [Fact]
    public void Every_combination_promotes_as_the_rule_says()
    {
        foreach (bool callable in (bool[])[false, true])
        {
            foreach (bool pending in (bool[])[false, true])
            {
                foreach (SignalMode mode in Enum.GetValues<SignalMode>())
                {
                    foreach (Urgency urgency in Enum.GetValues<Urgency>())
                    {
                        foreach (SignalNeed need in (SignalNeed[])[SignalNeed.Nothing, SignalNeed.Masked, SignalNeed.NotEmpty])
                            Check(callable, pending, mode, urgency, need);
                    }
                }
            }
        }
    }

    private static void Check(bool callable, bool pending, SignalMode mode, Urgency urgency, SignalNeed need)
    {
        using var rig = new SignalRig(callable ? SignalRig.All : SignalCapabilities.Monitor | SignalCapabilities.LatencyHint, dedicated: false);
        rig.AfterWrite(SignalNeed.Required);
        Assert.True(rig.IsPending);
        if (!pending)
            rig.Examine();
        rig.Pages.InterruptBytes.Clear();
        rig.Signaler.Mode = mode;

        // At once if the message or the mode of now says so, and only while nobody has sent that signal yet.
        bool immediate = urgency == Urgency.Urgent || (urgency == Urgency.Normal && mode == SignalMode.LowLatency);
        bool promotes = need == SignalNeed.NotEmpty && immediate && callable && pending;
        for (int again = 0; again < 3; again++)
        {
            rig.AfterWrite(need, urgency);
            string what = $"callable {callable}, pending {pending}, {mode}, {urgency}, {need}, time {again}";
            Assert.True((promotes ? 1 : 0) == rig.Path.Signals, $"{what}: {rig.Path.Signals} calls");
            Assert.True(pending == rig.IsPending, $"{what}: pending is {rig.IsPending}");
            Assert.True(promotes == rig.IsInterruptBitSet, $"{what}: interrupt bit is {rig.IsInterruptBitSet}");
        }

        SignalStatistics counted = rig.Signaler.GetStatistics();
        Assert.Equal((1, promotes ? 1 : 0, promotes ? 1 : 0), (counted.Monitored, counted.Hypercalls, counted.Promoted));
    }

    [Fact]
    public void Each_deferred_signal_can_be_promoted_once_again()
    {
        using var rig = new SignalRig();
        for (int episode = 1; episode <= 5; episode++)
        {
            rig.AfterWrite(SignalNeed.Required);
            rig.AfterWrite(SignalNeed.NotEmpty);
            rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Relaxed);
            Assert.Equal(episode - 1, rig.Path.Signals);
            rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
            rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
            Assert.Equal(episode, rig.Path.Signals);
            rig.Examine();
        }

        Assert.Equal(5, rig.Signaler.GetStatistics().Promoted);
    }

    [Fact]
    public void A_signal_sent_at_once_leaves_nothing_to_promote()
    {
        using var rig = new SignalRig();
        rig.AfterWrite(SignalNeed.Required);
        rig.AfterWrite(SignalNeed.Required, Urgency.Urgent);
        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
        Assert.Equal((1, 0), (rig.Path.Signals, rig.Signaler.GetStatistics().Promoted));
    }

    [Theory]
    [InlineData(Urgency.Normal)]
    [InlineData(Urgency.Relaxed)]
    public void An_urgent_message_does_not_wait_for_a_sender_that_has_published_and_not_yet_deferred(Urgency first)
    {
        using var rig = new SignalRig(concurrent: true);

        // One thread's publication found the ring empty; another's came after it, and gets to the signaller first.
        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
        Assert.Equal(0, rig.Path.Signals);
        rig.AfterWrite(SignalNeed.Required, first);
        Assert.Equal((1, true), (rig.Path.Signals, rig.IsPending));
        Assert.Equal(1, rig.Signaler.GetStatistics().Promoted);

        // It has had its signal: the next one is deferred as ever.
        rig.AfterWrite(SignalNeed.Required, first);
        Assert.Equal(1, rig.Path.Signals);
    }

    [Fact]
    public void A_call_is_for_every_urgent_message_that_waits()
    {
        using var rig = new SignalRig(concurrent: true);
        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
        rig.AfterWrite(SignalNeed.Required, Urgency.Urgent);
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((1, 0), (rig.Path.Signals, rig.Signaler.GetStatistics().Promoted));

        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent);
        Assert.Equal((2, 1), (rig.Path.Signals, rig.Signaler.GetStatistics().Promoted));
    }

    [Fact]
    public void A_normal_message_among_several_senders_promotes_only_what_the_mode_says()
    {
        using var rig = new SignalRig(concurrent: true);
        rig.AfterWrite(SignalNeed.NotEmpty);
        rig.AfterWrite(SignalNeed.NotEmpty, Urgency.Relaxed);
        rig.AfterWrite(SignalNeed.Required);
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal(0, rig.Path.Signals);
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal(1, rig.Path.Signals);
    }

    [Fact]
    public void Going_over_to_low_latency_sends_the_deferred_signal_with_the_next_message()
    {
        using var rig = new SignalRig();
        rig.AfterWrite(SignalNeed.Required);
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal(0, rig.Path.Signals);
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.True(rig.IsPending);
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal(1, rig.Path.Signals);
    }

    [Fact]
    public void An_adaptive_channel_promotes_while_it_signals_at_once_and_not_while_it_defers()
    {
        using var rig = new SignalRig();
        rig.Signaler.Mode = SignalMode.Adaptive;
        rig.AfterWrite(SignalNeed.Required);
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal((EffectiveSignal.Monitored, 0), (rig.Signaler.EffectiveMode, rig.Path.Signals));

        // Single packets, each of them a batch: the channel goes over.
        for (int i = 0; i < 8; i++)
            rig.AfterWrite(SignalNeed.Required);
        Assert.Equal(EffectiveSignal.Hypercall, rig.Signaler.EffectiveMode);
        long calls = rig.Path.Signals;
        rig.AfterWrite(SignalNeed.Required, Urgency.Relaxed);
        Assert.Equal(calls, rig.Path.Signals);
        rig.AfterWrite(SignalNeed.NotEmpty);
        Assert.Equal((calls + 1, 1), (rig.Path.Signals, rig.Signaler.GetStatistics().Promoted));
    }
}

using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>The latency hint: 100 ns units in the monitor page, and what low latency comes down to without a call.</summary>
public class LatencyHintTests
{
    private const SignalCapabilities Uio = SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;

    [Theory]
    [InlineData(-1L, false)]
    [InlineData(0L, false)]
    [InlineData(1L, true)]
    [InlineData(500L, true)]
    [InlineData(65535L, true)]
    [InlineData(65536L, false)]
    [InlineData(long.MaxValue, false)]
    public void A_hint_is_one_to_65535_units_of_100_ns(long ticks, bool fits)
    {
        foreach (SignalCapabilities capabilities in (SignalCapabilities[])[SignalRig.All, Uio])
        {
            using var rig = new SignalRig(capabilities);
            Assert.Equal(TimeSpan.FromTicks(SignalRig.HostHint), rig.Signaler.LatencyHint);
            if (fits)
                rig.Signaler.SetLatencyHint(TimeSpan.FromTicks(ticks));
            else
                Assert.Throws<ArgumentOutOfRangeException>(() => rig.Signaler.SetLatencyHint(TimeSpan.FromTicks(ticks)));
            Assert.Equal(fits ? ticks : SignalRig.HostHint, rig.Hint);
            Assert.Equal(TimeSpan.FromTicks(rig.Hint), rig.Signaler.LatencyHint);
        }
    }

    [Fact]
    public void A_hint_is_refused_where_there_is_no_monitor_or_it_cannot_be_written()
    {
        TimeSpan hint = TimeSpan.FromMicroseconds(50);
        using var none = new SignalRig(hasMonitor: false);
        Assert.Equal(TimeSpan.Zero, none.Signaler.LatencyHint);
        Assert.Contains("no monitor", Assert.Throws<InvalidOperationException>(() => none.Signaler.SetLatencyHint(hint)).Message, StringComparison.Ordinal);

        using var fixedHint = new SignalRig(SignalCapabilities.Monitor | SignalCapabilities.Hypercall);
        Assert.Contains("path", Assert.Throws<InvalidOperationException>(() => fixedHint.Signaler.SetLatencyHint(hint)).Message, StringComparison.Ordinal);
        foreach (SignalMode mode in Enum.GetValues<SignalMode>())
            fixedHint.Signaler.Mode = mode;
        Assert.Equal(SignalRig.HostHint, fixedHint.Hint);
    }

    [Fact]
    public void Low_latency_without_a_call_shortens_the_hint_and_going_back_restores_it()
    {
        using var rig = new SignalRig(Uio);
        Assert.Equal(EffectiveSignal.Monitored, rig.Signaler.EffectiveMode);
        for (int i = 0; i < 3; i++)
        {
            rig.Signaler.Mode = SignalMode.LowLatency;
            rig.Signaler.Mode = SignalMode.LowLatency;
            Assert.Equal((ChannelSignaler.ShortHint, EffectiveSignal.MonitoredShortHint), (rig.Hint, rig.Signaler.EffectiveMode));
            rig.AfterWrite(SignalNeed.Required, Urgency.Urgent);
            Assert.Equal((true, 0), (rig.IsPending, rig.Path.Signals));
            rig.Examine();
            rig.Signaler.Mode = i == 1 ? SignalMode.Adaptive : SignalMode.Monitored;
            Assert.Equal((SignalRig.HostHint, EffectiveSignal.Monitored), (rig.Hint, rig.Signaler.EffectiveMode));
        }
    }

    [Fact]
    public void Low_latency_with_a_call_leaves_the_hint_to_the_host()
    {
        using var rig = new SignalRig();
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Equal((SignalRig.HostHint, EffectiveSignal.Hypercall), (rig.Hint, rig.Signaler.EffectiveMode));
        rig.Pages.MonitorPage.Latency(rig.MonitorId) = 77;
        rig.Signaler.Mode = SignalMode.Monitored;
        Assert.Equal(77, rig.Hint);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(0)]
    public void A_host_that_asks_for_less_already_is_not_made_slower_and_nothing_is_pretended(ushort hostHint)
    {
        using var rig = new SignalRig(Uio, hostHint: hostHint);
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Equal((hostHint, EffectiveSignal.Monitored), (rig.Hint, rig.Signaler.EffectiveMode));
        rig.Signaler.Mode = SignalMode.Monitored;
        Assert.Equal(hostHint, rig.Hint);
    }

    [Fact]
    public void A_hint_set_while_the_short_one_is_in_force_is_what_is_gone_back_to()
    {
        using var rig = new SignalRig(Uio);
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.Signaler.SetLatencyHint(TimeSpan.FromTicks(500));
        Assert.Equal((ChannelSignaler.ShortHint, EffectiveSignal.MonitoredShortHint), (rig.Hint, rig.Signaler.EffectiveMode));
        rig.Signaler.Mode = SignalMode.Monitored;
        Assert.Equal((500, EffectiveSignal.Monitored), (rig.Hint, rig.Signaler.EffectiveMode));
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.Signaler.SetLatencyHint(TimeSpan.FromTicks(3));
        Assert.Equal(3, rig.Hint);
    }

    [Fact]
    public void The_hints_of_other_monitors_stay_as_they_are()
    {
        using var rig = new SignalRig(Uio);
        for (int id = 0; id < 128; id++)
            rig.Pages.MonitorPage.Latency(id) = (ushort)(2000 + id);
        rig.Signaler.SetLatencyHint(TimeSpan.FromTicks(100));
        for (int id = 0; id < 128; id++)
            Assert.Equal(id == rig.MonitorId ? 100 : 2000 + id, rig.Pages.MonitorPage.Latency(id));
        Assert.True(rig.Pages.SurroundingsAreUntouched);
    }
}

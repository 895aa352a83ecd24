using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>A path that gains the call while the channel is open, and one that loses it.</summary>
public class ChangingPathTests
{
    private const SignalCapabilities Uio = SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;

    [Fact]
    public void A_call_that_appeared_is_used_from_the_next_setting_of_the_mode_on()
    {
        using var rig = new SignalRig(Uio);
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Equal((EffectiveSignal.MonitoredShortHint, ChannelSignaler.ShortHint), (rig.Signaler.EffectiveMode, rig.Hint));

        rig.Path.CanCall = true;
        Assert.Equal(EffectiveSignal.MonitoredShortHint, rig.Signaler.EffectiveMode);
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Equal((EffectiveSignal.Hypercall, SignalRig.HostHint), (rig.Signaler.EffectiveMode, rig.Hint));
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((false, 1), (rig.IsPending, rig.Path.Signals));
    }

    [Theory]
    [InlineData(SignalMode.Monitored, Urgency.Urgent)]
    [InlineData(SignalMode.LowLatency, Urgency.Normal)]
    public void A_call_that_fails_is_left_to_the_monitor_and_the_next_ones_too(SignalMode mode, Urgency urgency)
    {
        using var rig = new SignalRig(dedicated: false);
        rig.Signaler.Mode = mode;
        rig.Path.CanCall = false;
        rig.AfterWrite(SignalNeed.Required, urgency);
        Assert.Equal((true, true, 0), (rig.IsPending, rig.IsInterruptBitSet, rig.Path.Signals));
        Assert.Equal((1, HypercallStatus.InvalidConnectionId), (rig.Signaler.GetStatistics().Failed, rig.Signaler.GetStatistics().LastFailure));
        Assert.Equal(mode == SignalMode.LowLatency ? EffectiveSignal.MonitoredShortHint : EffectiveSignal.Monitored, rig.Signaler.EffectiveMode);

        rig.Examine();
        rig.AfterWrite(SignalNeed.Required, urgency);
        rig.Examine();
        rig.Signaler.SignalRoom();
        Assert.Equal((true, 0, 1), (rig.IsPending, rig.Path.Signals, rig.Signaler.GetStatistics().Failed));
    }

    [Fact]
    public void A_call_that_was_lost_and_found_again_is_used_again()
    {
        using var rig = new SignalRig();
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.Path.CanCall = false;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal(ChannelSignaler.ShortHint, rig.Hint);
        rig.Path.CanCall = true;
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Equal((EffectiveSignal.Hypercall, SignalRig.HostHint), (rig.Signaler.EffectiveMode, rig.Hint));
    }

    [Fact]
    public void A_call_that_fails_once_is_made_again_and_its_signal_is_the_monitors()
    {
        using var rig = new SignalRig();
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.Path.Answer = HypercallStatus.InsufficientBuffers;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((true, EffectiveSignal.Hypercall), (rig.IsPending, rig.Signaler.EffectiveMode));
        rig.Path.Answer = HypercallStatus.Success;
        rig.Examine();
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((false, 2), (rig.IsPending, rig.Path.Signals));
    }

    [Fact]
    public void Without_a_monitor_a_failed_call_is_counted_and_nothing_else()
    {
        using var rig = new SignalRig(hasMonitor: false);
        rig.Path.Answer = HypercallStatus.InvalidConnectionId;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((false, 1, 1), (rig.IsPending, rig.Path.Signals, rig.Signaler.GetStatistics().Failed));
        Assert.Equal(EffectiveSignal.Hypercall, rig.Signaler.EffectiveMode);
    }
}

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// A channel over UIO with the module vmbus_signal beside it. What the kernel's own does is the system test's affair.
[SupportedOSPlatform("linux")]
public sealed class UioSignalModuleTests : UioFixture
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void With_the_module_low_latency_and_urgent_messages_are_calls_and_the_hint_stays()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        using (UioDevice device = standIn.Open())
        {
            VmBusChannel guest = device.Primary.Channel;
            Assert.Equal(EffectiveSignal.Monitored, guest.EffectiveSignal);
            Assert.True(guest.TrySend([1], Urgency.Urgent));
            Assert.Equal((1, 0u), (standIn.Host.Signals.Calls, standIn.MonitorPage.Pending(Monitor / 32)));

            guest.SignalMode = SignalMode.LowLatency;
            Assert.Equal(EffectiveSignal.Hypercall, guest.EffectiveSignal);
            ReadAll(standIn);
            Assert.True(guest.TrySend([2]));
            Assert.Equal((2, 0u), (standIn.Host.Signals.Calls, standIn.MonitorPage.Pending(Monitor / 32)));
            Assert.Equal((0, 1000), (standIn.Controls.Count, standIn.MonitorPage.Latency(Monitor)));
            Assert.Equal(1, standIn.Module.Open);
        }

        Assert.Equal(0, standIn.Module.Open);
    }

    [Fact]
    public void A_module_that_is_loaded_later_is_found_when_the_mode_is_set()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        guest.SignalMode = SignalMode.LowLatency;
        Assert.Equal(EffectiveSignal.MonitoredShortHint, guest.EffectiveSignal);

        standIn.LoadModule();
        guest.SignalMode = SignalMode.LowLatency;
        Assert.Equal(EffectiveSignal.Hypercall, guest.EffectiveSignal);
        Assert.Equal(1000, standIn.MonitorPage.Latency(Monitor));
        guest.SignalMode = SignalMode.Adaptive;
        guest.SignalMode = SignalMode.LowLatency;
        Assert.Equal(1, standIn.Module.Open);
    }

    [Fact]
    public void A_descriptor_that_has_ended_leaves_its_signal_to_the_monitor_and_the_channel_goes_on()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        guest.SignalMode = SignalMode.LowLatency;

        standIn.Module.End(UioStandIn.Instance);
        Assert.True(guest.TrySend([1]));
        ReadAll(standIn);
        Assert.Equal((0, 1), standIn.Host.Signals);
        Assert.Equal((EffectiveSignal.MonitoredShortHint, 1), (guest.EffectiveSignal, guest.GetStatistics().Signals.Failed));

        // Asked again, it finds the module again.
        guest.SignalMode = SignalMode.LowLatency;
        Assert.True(guest.TrySend([2]));
        Assert.Equal((1, 1), standIn.Host.Signals);
    }

    // Looks once more, as a host does before it sleeps: the next packet finds its mask clear.
    private static void ReadAll(UioStandIn standIn)
    {
        ReadOne(standIn.Host.Channel);
        Assert.False(standIn.Host.Channel.WaitToRead(TimeSpan.Zero));
    }

    [Theory]
    [InlineData((int)Errno.TryAgain, EffectiveSignal.Hypercall, 0)]
    [InlineData((int)Errno.NotConnected, EffectiveSignal.Hypercall, 1)]
    [InlineData((int)Errno.NoSuchDevice, EffectiveSignal.MonitoredShortHint, 1)]
    [InlineData((int)Errno.BadDescriptor, EffectiveSignal.MonitoredShortHint, 1)]
    public void What_the_module_answers_is_taken_for_what_it_means(int answer, EffectiveSignal then, int failed)
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        guest.SignalMode = SignalMode.LowLatency;

        standIn.Module.Fault = (Errno)answer;
        Assert.True(guest.TrySend([1]));
        Assert.Equal((then, failed), (guest.EffectiveSignal, guest.GetStatistics().Signals.Failed));
        Assert.Equal(failed == 1, standIn.MonitorPage.Pending(Monitor / 32) != 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_module_of_another_version_is_left_alone(uint version)
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        standIn.Module.Version = version;
        using UioDevice device = standIn.Open();
        device.Primary.Channel.SignalMode = SignalMode.LowLatency;
        Assert.Equal((EffectiveSignal.MonitoredShortHint, 0), (device.Primary.Channel.EffectiveSignal, standIn.Module.Open));
    }

    [Fact]
    public void A_module_that_refuses_this_device_is_left_alone()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        standIn.Module.Channels[(UioStandIn.Instance, 0)] = new(Monitor, uioDescriptor: -2);
        using UioDevice device = standIn.Open();
        device.Primary.Channel.SignalMode = SignalMode.LowLatency;
        Assert.Equal((EffectiveSignal.MonitoredShortHint, 0), (device.Primary.Channel.EffectiveSignal, standIn.Module.Open));
    }

    [Fact]
    public void A_channel_without_a_monitor_needs_no_module()
    {
        UioStandIn standIn = Make(null);
        standIn.LoadModule();
        using UioDevice device = standIn.Open();
        Assert.True(device.Primary.Channel.TrySend([1]));
        Assert.Equal(((1, true), 0), (standIn.Controls, standIn.Module.Open));
    }

    [Fact]
    public void A_subchannel_is_signalled_for_itself()
    {
        UioStandIn standIn = Make(Monitor);
        StandInHost host = standIn.AddSubchannel(78, Monitor + 1);
        standIn.LoadModule();
        using UioDevice device = standIn.Open();
        VmBusChannel subchannel = device.AddSubchannel(78).Channel;
        subchannel.SignalMode = SignalMode.LowLatency;
        Assert.True(subchannel.TrySend([1]));
        Assert.Equal(((1, 0), (0, 0)), (host.Signals, standIn.Host.Signals));
        Assert.Equal(2, standIn.Module.Open);
        subchannel.Dispose();
        Assert.Equal(1, standIn.Module.Open);
    }

    [Fact]
    public void Traffic_loses_nothing_while_the_module_comes_and_goes()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel, host = standIn.Host.Channel;
        const int Packets = 20_000;
        Background[] all = [Background.Run(() => InMemory.ChannelTraffic.Send(guest, 0, Packets)), Background.Run(() => InMemory.ChannelTraffic.Receive(host, 0, Packets))];
        while (host.GetStatistics().Incoming.Packets < Packets)
        {
            Token.ThrowIfCancellationRequested();
            guest.SignalMode = SignalMode.LowLatency;
            standIn.Module.End(UioStandIn.Instance);
            guest.SignalMode = SignalMode.Monitored;
        }

        Array.ForEach(all, one => one.Join());
        Assert.Equal(Packets, host.GetStatistics().Incoming.Packets);
    }

    [Fact]
    public void A_ring_that_is_refused_leaves_no_descriptor_of_the_module()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.LoadModule();
        standIn.Host.Word(0) = 5;   // a write index between two words
        Assert.Throws<RingCorruptException>(() => standIn.Open());
        Assert.Equal(0, standIn.Module.Open);
    }
}

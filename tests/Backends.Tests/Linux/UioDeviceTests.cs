using System.Runtime.Versioning;
using VmBus.Backends.Tests.InMemory;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class UioDeviceTests : UioFixture
{
    public static TheoryData<int?, SignalMode> Setups => new(
        from monitor in (int?[])[Monitor, null]
        from mode in Enum.GetValues<SignalMode>()
        select (monitor, mode));

    [Theory]
    [MemberData(nameof(Setups))]
    public void Every_packet_arrives_in_order_in_both_directions(int? monitor, SignalMode mode)
    {
        UioStandIn standIn = Make(monitor);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel, host = standIn.Host.Channel;
        guest.SignalMode = mode;
        const int Packets = 20_000;

        Background[] all =
        [
            Background.Run(() => ChannelTraffic.Send(guest, 0, Packets)),
            Background.Run(() => ChannelTraffic.Send(host, 7, Packets)),
            Background.Run(() => ChannelTraffic.Receive(host, 0, Packets)),
            Background.Run(() => ChannelTraffic.Receive(guest, 7, Packets)),
        ];
        Array.ForEach(all, one => one.Join());

        Assert.Equal((Packets, Packets), (guest.GetStatistics().Outgoing.Published, guest.GetStatistics().Incoming.Packets));
        Assert.Equal(standIn.Host.Interrupts, device.GetStatistics().Interrupts + Pending(device));
        Assert.Equal(standIn.Controls.Count, device.GetStatistics().Signals);
        if (monitor is null)
            Assert.Equal(standIn.Host.Signals.Calls, guest.GetStatistics().Signals.Hypercalls);
        else
            Assert.Equal((0, 0), (standIn.Controls.Count, guest.GetStatistics().Signals.Hypercalls));
    }

    [Fact]
    public void A_monitored_channel_signals_by_its_bit_and_nothing_else()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();

        Assert.True(device.Primary.Channel.TrySend([1, 2, 3]));
        Assert.True(device.Primary.Channel.TrySend([4]));

        Assert.Equal(1u << Monitor % 32, standIn.MonitorPage.Pending(Monitor / 32));
        Assert.Equal(0, standIn.Controls.Count);
        Assert.Equal((1, 0), (device.Primary.Channel.GetStatistics().Signals.Monitored, device.Primary.Channel.GetStatistics().Signals.Hypercalls));
    }

    [Fact]
    public void Low_latency_on_a_monitored_channel_shortens_the_hint_and_says_so()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        ChannelSignaler signaler = device.Primary.Channel.Signaler;
        Assert.Equal(SignalCapabilities.Monitor | SignalCapabilities.LatencyHint, signaler.Capabilities);
        Assert.Equal((EffectiveSignal.Monitored, TimeSpan.FromMicroseconds(100)), (signaler.EffectiveMode, signaler.LatencyHint));

        signaler.Mode = SignalMode.LowLatency;

        Assert.Equal(EffectiveSignal.MonitoredShortHint, signaler.EffectiveMode);
        Assert.Equal(ChannelSignaler.ShortHint, standIn.MonitorPage.Latency(Monitor));
        Assert.True(device.Primary.Channel.TrySend([1], urgency: Urgency.Urgent));
        Assert.Equal((0, 1u << Monitor % 32), (standIn.Controls.Count, standIn.MonitorPage.Pending(Monitor / 32)));

        signaler.Mode = SignalMode.Monitored;
        Assert.Equal(1000, standIn.MonitorPage.Latency(Monitor));
    }

    [Fact]
    public void A_channel_without_a_monitor_signals_by_one_control_write_a_signal()
    {
        UioStandIn standIn = Make(null);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        Assert.Equal((SignalCapabilities.Hypercall, EffectiveSignal.Hypercall), (guest.Signaler.Capabilities, guest.Signaler.EffectiveMode));

        for (int i = 0; i < 5; i++)
            Assert.True(guest.TrySend([1]));

        Assert.Equal((1, true), standIn.Controls);
        Assert.Equal((1, 0), standIn.Host.Signals);
        Assert.Equal(1, device.GetStatistics().Signals);
    }

    [Fact]
    public void The_kernel_masks_at_open_and_at_each_interrupt_and_a_wait_unmasks()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Assert.Equal(1u, standIn.Host.GuestMask);
        Assert.True(standIn.Host.Channel.TrySend([1]));
        Assert.Equal(0, standIn.Host.Interrupts);      // masked: who opens looks at the ring first

        ReadOne(device.Primary.Channel);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.Equal(0u, standIn.Host.GuestMask);
        Assert.True(standIn.Host.Channel.TrySend([2]));
        Assert.Equal((1, 1u), (standIn.Host.Interrupts, standIn.Host.GuestMask));
        Assert.True(standIn.Host.Channel.TrySend([3]));
        Assert.Equal(1, standIn.Host.Interrupts);

        ReadOne(device.Primary.Channel);
        ReadOne(device.Primary.Channel);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.Equal(0u, standIn.Host.GuestMask);
        Assert.Equal(0, standIn.Controls.Count);       // nobody was told that the guest went to sleep
    }

    [Fact]
    public void An_interrupt_wakes_the_waits_of_every_channel()
    {
        UioStandIn standIn = Make(Monitor);
        StandInHost second = standIn.AddSubchannel(90, 42), third = standIn.AddSubchannel(91, null);
        using UioDevice device = standIn.Open();
        UioChannel[] channels = [device.Primary, device.AddSubchannel(90), device.AddSubchannel(91)];
        StandInHost[] hosts = [standIn.Host, second, third];
        Assert.Equal([(int?)Monitor, 42, null], channels.Select(channel => channel.MonitorId));
        Assert.Throws<InvalidOperationException>(() => device.AddSubchannel(90));
        const int Packets = 3_000;

        Background[] all = [.. Enumerable.Range(0, 3).SelectMany(i => (Background[])
        [
            Background.Run(() => ChannelTraffic.Send(hosts[i].Channel, i, Packets)),
            Background.Run(() => ChannelTraffic.Receive(channels[i].Channel, i, Packets)),
            Background.Run(() => ChannelTraffic.Send(channels[i].Channel, -i, Packets)),
            Background.Run(() => ChannelTraffic.Receive(hosts[i].Channel, -i, Packets)),
        ])];
        Array.ForEach(all, one => one.Join());

        Assert.Equal((0, 0), (hosts[0].Signals.Calls, hosts[1].Signals.Calls));
        Assert.True(hosts[2].Signals is { Calls: > 0, Bits: 0 });
    }

    [Fact]
    public async Task A_wait_without_a_thread_is_woken_and_can_be_cancelled()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        Task waiting = guest.WaitToReadAsync().AsTask();
        Background.Until(() => standIn.Host.GuestMask == 0, "the wait has unmasked");
        Assert.True(standIn.Host.Channel.TrySend([1]));
        await waiting.WaitAsync(Patience.Limit);
        ReadOne(guest);

        using CancellationTokenSource cancel = new();
        waiting = guest.WaitToReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit));
        Assert.True(standIn.Host.Channel.TrySend([1]));
        Assert.True(guest.WaitToRead(Patience.Limit));
    }

    // Interrupts that came after the last wait.
    private static long Pending(UioDevice device)
    {
        long before = device.GetStatistics().Interrupts;
        device.Primary.Channel.WaitToRead(TimeSpan.Zero);
        return device.GetStatistics().Interrupts - before;
    }
}

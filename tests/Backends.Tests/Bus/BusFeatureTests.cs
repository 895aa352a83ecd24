using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>The features of 6.0 and the pitfalls that others fell into, through a real hypervisor of memory.</summary>
public sealed class BusFeatureTests
{
    private static CancellationToken Token => BusFixture.Token;

    [Fact]
    public async Task While_paused_the_host_is_silent_and_says_afterwards_what_it_had_to_say()
    {
        await using var fixture = new BusFixture();
        await using GuestBus bus = await fixture.ConnectAsync();
        Assert.Empty(await bus.RequestOffersAsync(Token));
        await bus.PauseAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.Equal(HostState.Paused, fixture.Host.State);
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        Assert.Empty(await bus.GetOffersAsync());
        await bus.ResumeAsync().WaitAsync(Patience.Limit, Token);
        Assert.Single(await bus.GetOffersAsync());
        Assert.Equal(HostState.Connected, fixture.Host.State);
    }

    [Fact]
    public async Task Monitor_pages_move_while_no_channel_is_open()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await bus.MoveMonitorPagesAsync(Token).WaitAsync(Patience.Limit, Token);
        await using (GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token))
        {
            await BusFixture.PingAsync(channel.Channel, 5);
            Assert.Equal((5, 0), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
            await Assert.ThrowsAsync<InvalidOperationException>(() => bus.MoveMonitorPagesAsync(Token));
        }
        await bus.MoveMonitorPagesAsync(Token).WaitAsync(Patience.Limit, Token);
    }

    // Before 2.4 each channel has a bit in a page that all share, at the place its relid says.
    [Theory]
    [InlineData("0.13", 31)]
    [InlineData("0.13", 100)]
    [InlineData("1.1", 63)]
    [InlineData("1.1", 255)]
    [InlineData("1.1", 2000)]
    public async Task A_channel_without_an_interrupt_of_its_own_is_signalled_at_any_relid(string version, uint relid)
    {
        await using var fixture = new BusFixture(new() { Host = new HostBusOptions { RelidBase = relid, MaxChannels = 8 } });
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(
            BusFixture.Patient with { Versions = [.. ProtocolVersion.Known.Where(known => known.ToString() == version)] }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        Assert.Equal(relid, offer.Relid);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        EventFlagDispatcher events = ((InMemoryGuestPlatform)fixture.Machine.Platform).Dispatchers[0];
        Assert.True(channel.Channel.TrySend([1, 2, 3]));
        Background.Until(() => events.Signals + events.Unclaimed > 0, "the host's signal");
        Assert.Equal(0, events.Unclaimed);
        Assert.True(channel.Channel.WaitToRead(Patience.Limit, Token));
        Assert.True(channel.Channel.Incoming.TryRead(new byte[8], out _, out _, out _));
        await BusFixture.PingAsync(channel.Channel, 3);
    }

    [Fact]
    public async Task Monitor_pages_that_are_not_there_are_refused_and_the_old_ones_stay_in_force()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var lying = new LyingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(lying, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        lying.WrongFrame = 1UL << 40;
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => bus.MoveMonitorPagesAsync(Token));
        Assert.Equal(RequestOutcome.Completed, refused.Result!.Value.Outcome);
        lying.WrongFrame = null;
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 5);
        Assert.Equal((5, 0), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
    }

    [Fact]
    public async Task A_contact_with_pages_that_are_not_there_is_refused()
    {
        await using var fixture = new BusFixture();
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(
            () => GuestBus.ConnectAsync(new LyingPlatform(fixture.Machine.Platform) { WrongFrame = 1UL << 40 }, cancellationToken: Token));
        Assert.Equal(ConnectFailure.Refused, refused.ConnectFailure);
        Assert.Equal(GuestBusError.Refused, refused.Error);
        await using GuestBus bus = await fixture.ConnectAsync();
    }

    [Fact]
    public async Task The_hosts_own_monitor_pages_are_used_where_it_gives_them()
    {
        // The host's pages appear in the guest's address space at a place both know: here, the last two pages but none.
        const long Size = 4 << 20;
        ulong last = Size - 4096;
        await using var fixture = new BusFixture(new()
        {
            GuestMemorySize = Size,
            Host = new HostBusOptions { Protocol = new HostProtocolOptions { ServerMonitorPages = new MonitorPageAddresses(last - 4096, last) } },
        });
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions
        {
            HasMonitorPages = false,
            Protocol = new GuestProtocolOptions { Features = FeatureFlags.ServerSpecifiedMonitorPages },
        }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        Assert.NotNull(offer.MonitorId);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 5);
        Assert.Equal((5, 0), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
    }

    [Fact]
    public async Task A_guest_without_monitor_pages_gets_no_monitors()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions { HasMonitorPages = false }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        Assert.Null(offer.MonitorId);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 5);
    }

    [Fact]
    public async Task A_guest_chooses_connection_and_event_flag_of_its_channel()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { ConnectionId = 0x2ABC, EventFlag = 1999 }, Token);
        await BusFixture.PingAsync(channel.Channel, 5);
        channel.Channel.SignalMode = SignalMode.LowLatency;
        await BusFixture.PingAsync(channel.Channel, 5);
        Assert.Equal(HypercallStatus.InvalidConnectionId, fixture.Machine.GuestPartition.HvSignalEvent(offer.ConnectionId));
    }

    [Fact]
    public async Task A_reserved_channel_has_no_monitor_whatever_its_offer_says_and_is_polled()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        Assert.NotNull(offer.MonitorId);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { IsReserved = true }, Token);
        Assert.False(channel.Channel.Signaler.HasMonitor);
        Assert.True(device.LastRequest!.IsReserved);
        Assert.Null(device.LastRequest.MonitorId);

        // Without interrupts the guest polls.
        Assert.True(channel.Channel.TrySend([1, 2, 3], 5));
        Assert.True(SpinWait.SpinUntil(() => channel.Channel.Incoming.HasPackets, Patience.Limit));
        await channel.CloseAsync().WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, device.Serving);
    }

    [Fact]
    public async Task A_signal_that_a_guest_dropped_before_the_open_result_comes_once_more()
    {
        // openvmm#1829: the device sends at once, the guest loses the interrupt, and both wait for ever.
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new Greeter());
        var lying = new LyingPlatform(fixture.Machine.Platform) { DropsFirstSignal = true };
        await using GuestBus bus = await GuestBus.ConnectAsync(lying, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        Assert.True(SpinWait.SpinUntil(() => lying.Dropped == 1, Patience.Limit));
        Assert.True(SpinWait.SpinUntil(() => lying.Passed >= 1, Patience.Limit));
        Assert.True(channel.Channel.Incoming.HasPackets);
    }

    [Fact]
    public async Task The_event_port_is_there_before_the_device_learns_of_the_open()
    {
        // openvmm#1850: a guest that signals at once must find its connection.
        await using var fixture = new BusFixture();
        HypercallStatus? status = null;
        InMemoryMachine machine = fixture.Machine;
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new Asker(request => status = machine.GuestPartition.HvSignalEvent(request.ConnectionId)));
        await using GuestBus bus = await machine.ConnectAsync(BusFixture.Patient, BusFixture.Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        Assert.Equal(HypercallStatus.Success, status);
    }

    [Fact]
    public async Task Three_guests_of_one_hypervisor_do_not_hear_of_each_other()
    {
        using var hypervisor = new Hypervisor();
        Partition root = hypervisor.CreatePartition(1 << 20);
        var device = new EchoDevice();
        var hosts = new List<HostBus>();
        var platforms = new List<InMemoryGuestPlatform>();
        for (int guest = 0; guest < 3; guest++)
        {
            Partition partition = hypervisor.CreatePartition(4 << 20);
            platforms.Add(new InMemoryGuestPlatform(partition));
            hosts.Add(new HostBus(new InMemoryGuestPartition(root, partition)));
            for (int instance = 0; instance <= guest; instance++)
                await hosts[guest].OfferAsync(EchoDevice.Offer(instance), device);
        }

        async Task RunAsync(int guest)
        {
            await using GuestBus bus = await GuestBus.ConnectAsync(platforms[guest], BusFixture.Patient, Token);
            IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(Token);
            Assert.Equal(guest + 1, offers.Count);
            foreach (GuestOffer offer in offers)
            {
                await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
                await BusFixture.PingAsync(channel.Channel, 20);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 3).Select(guest => Task.Run(() => RunAsync(guest), Token))).WaitAsync(Patience.Limit, Token);
        Assert.Equal(6, device.Opens);
        foreach (HostBus host in hosts)
            await host.DisposeAsync();
        foreach (InMemoryGuestPlatform platform in platforms)
            platform.Dispose();
    }

    [Fact]
    public async Task Every_message_of_a_connection_is_seen_by_both_ends_observers()
    {
        var atHost = new Seen();
        var atGuest = new Seen();
        await using var fixture = new BusFixture(new() { Host = new HostBusOptions { Observer = atHost } });
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using (GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions { Observer = atGuest }, Token))
        {
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        }

        Assert.Equal(atHost.Messages.Order(), atGuest.Messages.Order());
        Assert.Equal(15, atHost.Messages.Count);
    }

    [Theory]
    [InlineData(1UL << 40)]
    [InlineData(ulong.MaxValue)]
    [InlineData((16UL << 20) / 4096)]
    public async Task Rings_in_memory_that_is_not_there_are_refused_and_nothing_else_suffers(ulong frame)
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await fixture.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        var lying = new LyingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(lying, BusFixture.Patient, Token);
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(Token);
        await using GuestChannel good = await bus.OpenChannelAsync(offers[0], cancellationToken: Token);

        lying.WrongFrame = frame;
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offers[1], cancellationToken: Token));
        Assert.Equal(RequestOutcome.Completed, refused.Result!.Value.Outcome);
        Assert.Equal(1, (await fixture.Host.GetStatisticsAsync()).Refusals);
        await BusFixture.PingAsync(good.Channel, 5);

        lying.WrongFrame = null;
        await using GuestChannel other = await bus.OpenChannelAsync(offers[1], cancellationToken: Token);
        await BusFixture.PingAsync(other.Channel, 5);
    }

    [Fact]
    public async Task A_ring_in_an_impossible_condition_is_refused()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        var lying = new LyingPlatform(fixture.Machine.Platform) { CorruptsRings = true };
        await using GuestBus bus = await GuestBus.ConnectAsync(lying, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offer, cancellationToken: Token));
        Assert.Null(device.LastRequest);
        Assert.Contains("invalid", (await fixture.Host.GetStatisticsAsync()).LastRefusal, StringComparison.Ordinal);
    }

    private sealed class Greeter : IChannelDevice
    {
        public async Task ServeAsync(DeviceContext channel, CancellationToken closing)
        {
            Assert.True(channel.Channel.TrySend([1]));
            await Task.Delay(Timeout.Infinite, closing);
        }
    }

    private sealed class Asker(Action<HostOpenRequest> asked) : IChannelDevice
    {
        public ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken)
        {
            asked(request);
            return new(true);
        }

        public Task ServeAsync(DeviceContext channel, CancellationToken closing) => Task.Delay(Timeout.Infinite, closing);
    }

    private sealed class Seen : IMessageObserver
    {
        public List<string> Messages { get; } = [];

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
        {
            Assert.Equal(MessageFault.None, fault);
            ChannelMessages.Check(message, direction, new NegotiatedVersion(ProtocolVersion.Copper, (FeatureFlags)0xFF), out var type);
            Messages.Add($"{direction} {type} {Convert.ToHexString(message)}");
        }
    }
}

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

public sealed class BusTests
{
    public static TheoryData<string, string> VersionPairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (ProtocolVersion guest in ProtocolVersion.Known)
        {
            foreach (ProtocolVersion host in ProtocolVersion.Known)
                pairs.Add(guest.ToString(), host.ToString());
        }
        return pairs;
    }

    [Theory]
    [MemberData(nameof(VersionPairs))]
    public async Task Guest_and_host_of_any_two_versions_talk_in_the_newest_that_both_know(string guestCap, string hostCap)
    {
        ProtocolVersion guest = Version(guestCap), host = Version(hostCap);
        await using var fixture = new BusFixture(new()
        {
            GuestVpCount = 2,
            Host = new HostBusOptions { Protocol = new HostProtocolOptions { MaxVersion = host } },
        });
        var device = new EchoDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await using (GuestBus bus = await fixture.Machine.ConnectAsync(Cap(guest), BusFixture.Token))
        {
            Assert.Equal(guest < host ? guest : host, bus.Negotiated.Version);
            Assert.Equal(bus.Negotiated, fixture.Host.Negotiated);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            await BusFixture.PingAsync(channel.Channel, 5);
            channel.Channel.SignalMode = SignalMode.LowLatency;
            await BusFixture.PingAsync(channel.Channel, 20);
        }
        Assert.Equal((1, 0), (device.Opens, device.Serving));
    }

    [Fact]
    public async Task A_guest_that_is_too_new_for_its_host_is_told_so()
    {
        await using var fixture = new BusFixture(new() { Host = new HostBusOptions { MaxVersion = ProtocolVersion.Win81 } });
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => fixture.Machine.ConnectAsync(
            new GuestBusOptions { Versions = [ProtocolVersion.Copper, ProtocolVersion.Iron] }, BusFixture.Token));
        Assert.Equal(ConnectFailure.NoCommonVersion, refused.ConnectFailure);
        Assert.Equal(GuestBusError.NoCommonVersion, refused.Error);
    }

    [Theory]
    [InlineData(false, false, DispatchMode.Inline)]
    [InlineData(true, false, DispatchMode.Threaded)]
    [InlineData(true, true, DispatchMode.Inline)]
    [InlineData(true, true, DispatchMode.Threaded)]
    internal async Task A_channel_opened_by_protocol_switches_modes_on_both_ends(bool shared, bool scattered, DispatchMode dispatch)
    {
        await using var fixture = new BusFixture(new()
        {
            DispatchMode = dispatch,
            ScatterPages = scattered,
            Hypervisor = new HypervisorOptions { SharedMemory = shared },
        });
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice(), new DeviceChannelOptions { SignalMode = SignalMode.Monitored });
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        Assert.NotNull(offer.MonitorId);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { OutgoingSize = 8192, IncomingSize = 4096 }, BusFixture.Token);

        await BusFixture.PingAsync(channel.Channel, 10, 3000);
        Assert.Equal((10, 0), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
        channel.Channel.SignalMode = SignalMode.LowLatency;
        await BusFixture.PingAsync(channel.Channel, 10, 3000);
        Assert.Equal((10, 10), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
    }

    [Fact]
    public async Task A_channel_without_a_monitor_is_signalled_by_hypercall()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1, monitored: false), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        Assert.Null(offer.MonitorId);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 10);
        Assert.Equal((0, 10), (channel.Channel.Signaler.GetStatistics().Monitored, channel.Channel.Signaler.GetStatistics().Hypercalls));
    }

    [Fact]
    public async Task A_guest_connects_again_and_again()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        for (int round = 1; round <= 5; round++)
        {
            await using GuestBus bus = await fixture.ConnectAsync();
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
            GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            await BusFixture.PingAsync(channel.Channel, 2);
            await channel.CloseAsync();
            await using GuestChannel again = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            await BusFixture.PingAsync(again.Channel, 2);
            Assert.Equal(2 * round, device.Opens);
        }
    }

    [Fact]
    public async Task A_device_may_refuse()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice { AcceptsOpens = false };
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token));
        Assert.Equal(RequestOutcome.Completed, refused.Result!.Value.Outcome);
        Assert.Equal(1, (await fixture.Host.GetStatisticsAsync()).Refusals);

        device.AcceptsOpens = true;
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 2);
    }

    [Fact]
    public async Task A_channel_taken_back_ends_its_waits_and_frees_its_relid_when_closed()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
        Task<bool> waiting = channel.Channel.WaitToReadAsync(BusFixture.Token).AsTask();

        await offered.RevokeAsync().WaitAsync(Patience.Limit, BusFixture.Token);
        Assert.False(await waiting.WaitAsync(Patience.Limit, BusFixture.Token));
        Assert.Equal(ChannelState.Disconnected, channel.Channel.State);
        Assert.False(channel.Channel.TrySend([1]));
        Assert.Equal($"The host rescinded channel {offer.Relid}.", channel.Channel.DisconnectReason);
        Assert.Empty(await bus.GetOffersAsync());
        Assert.Equal(0, device.Serving);
        Assert.Equal(1, (await fixture.Host.GetStatisticsAsync()).Relids);
        await channel.CloseAsync().WaitAsync(Patience.Limit, BusFixture.Token);
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).Relids);

        OfferedChannel next = await fixture.Host.OfferAsync(EchoDevice.Offer(2), device);
        Assert.Equal(offer.Relid, next.Relid);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_a_channel_ends_the_waits_of_threads_and_tasks_before_its_rings_go(bool abandoned)
    {
        for (int round = 0; round < 20; round++)
        {
            await using var fixture = new BusFixture();
            await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            GuestBus bus = await fixture.ConnectAsync();
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
            GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            using var started = new CountdownEvent(2);
            Task reader = Task.Run(() => WaitForEver(() => channel.Channel.WaitToRead(TimeSpan.FromMilliseconds(1))), BusFixture.Token);
            Task writer = Task.Run(() => WaitForEver(() => channel.Channel.WaitToWrite(100, TimeSpan.FromMilliseconds(1))), BusFixture.Token);
            Assert.True(started.Wait(Patience.Limit, BusFixture.Token));
            if (abandoned)
            {
                await fixture.Host.ResetAsync();
                await bus.AbandonAsync();
            }
            await bus.DisposeAsync();
            await Task.WhenAll(reader, writer).WaitAsync(Patience.Limit, BusFixture.Token);

            void WaitForEver(Action wait)
            {
                started.Signal();
                try
                {
                    while (true)
                        wait();
                }
                catch (Exception end) when (end is PeerDisconnectedException or ObjectDisposedException)
                {
                    // What a wait says when its channel is closed.
                }
            }
        }
    }

    [Fact]
    public async Task Offers_and_rescinds_are_followed_as_they_come()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        await bus.RequestOffersAsync(BusFixture.Token);
        await using IAsyncEnumerator<OfferChange> changes = bus.WatchOffersAsync(BusFixture.Token).GetAsyncEnumerator(BusFixture.Token);

        OfferChange first = await NextAsync();
        Assert.Equal((1u, false), (first.Offer.Relid, first.IsRescinded));
        OfferedChannel late = await fixture.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        OfferChange second = await NextAsync();
        Assert.Equal((2u, false), (second.Offer.Relid, second.IsRescinded));
        await late.RevokeAsync();
        OfferChange third = await NextAsync();
        Assert.Equal((2u, true), (third.Offer.Relid, third.IsRescinded));
        Assert.Null(late.Relid);

        async Task<OfferChange> NextAsync()
        {
            Assert.True(await changes.MoveNextAsync().AsTask().WaitAsync(Patience.Limit, BusFixture.Token));
            return changes.Current;
        }
    }

    [Fact]
    public async Task Subchannels_come_under_their_primary()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        for (ushort index = 0; index < 4; index++)
            await fixture.Host.OfferAsync(EchoDevice.Offer(7, subchannel: index), device);
        await using GuestBus bus = await fixture.ConnectAsync();
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(BusFixture.Token);
        Assert.Equal([0, 1, 2, 3], offers.Select(offer => (int)offer.SubchannelIndex));
        Assert.All(offers, offer => Assert.Equal(offers[0].Relid, offer.PrimaryRelid));
        foreach (GuestOffer offer in offers)
        {
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            await BusFixture.PingAsync(channel.Channel, 2);
        }
    }

    [Fact]
    public async Task An_open_channel_moves_to_another_VP()
    {
        await using var fixture = new BusFixture(new() { GuestVpCount = 2 });
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { SignalMode = SignalMode.LowLatency }, BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 3);
        long before = ((InMemoryGuestPlatform)fixture.Machine.Platform).Dispatchers[1].Signals;
        await bus.RetargetAsync(channel.Channel, 1, BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 3);
        Assert.True(((InMemoryGuestPlatform)fixture.Machine.Platform).Dispatchers[1].Signals > before);
    }

    [Fact]
    public async Task A_socket_channel_is_offered_on_request_or_refused()
    {
        Guid service = new("00000400-facb-11e6-bd58-64006a7986d3"), endpoint = Guid.NewGuid();
        InMemoryMachine? machine = null;
        var device = new EchoDevice();
        await using var fixture = new BusFixture(new()
        {
            Host = new HostBusOptions
            {
                TransportConnect = async (request, _) =>
                {
                    if (request.Service != service)
                        return false;
                    await machine!.Host.OfferAsync(new HostOffer(request.Service, request.Endpoint)
                    {
                        Flags = OfferFlags.TlnpiProviderOffer | OfferFlags.NamedPipeMode,
                        PipeMode = PipeMode.Byte,
                    }, device);
                    return true;
                },
            },
        });
        machine = fixture.Machine;
        await using GuestBus bus = await machine.ConnectAsync(BusFixture.Patient, BusFixture.Token);
        await bus.RequestOffersAsync(BusFixture.Token);
        GuestOffer offer = await bus.ConnectTransportAsync(endpoint, service, cancellationToken: BusFixture.Token).WaitAsync(Patience.Limit, BusFixture.Token);
        Assert.Equal((service, endpoint, PipeMode.Byte), (offer.InterfaceType, offer.InterfaceInstance, offer.PipeMode));
        await using (GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token))
            await BusFixture.PingAsync(channel.Channel, 3);

        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => bus.ConnectTransportAsync(endpoint, Guid.NewGuid(), cancellationToken: BusFixture.Token));
        Assert.Equal(RequestOutcome.Completed, refused.Result!.Value.Outcome);
    }

    [Fact]
    public async Task A_guest_that_vanishes_leaves_nothing_behind_and_the_next_one_connects()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        GuestBus lost = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await lost.RequestOffersAsync(BusFixture.Token));
        GuestChannel channel = await lost.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 3);

        await fixture.Host.ResetAsync().WaitAsync(Patience.Limit, BusFixture.Token);
        HostBusStatistics after = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((0, 0, 0, 0), (after.Relids, after.Monitors, after.Gpadls, after.OpenChannels));
        Assert.Equal(0, device.Serving);
        await lost.AbandonAsync();
        await using GuestBus bus = await fixture.ConnectAsync();
        Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
    }

    private static ProtocolVersion Version(string text) => ProtocolVersion.Known.Single(version => version.ToString() == text);

    private static GuestBusOptions Cap(ProtocolVersion newest) => new()
    {
        Protocol = new GuestProtocolOptions { Versions = [.. ProtocolVersion.Known.Where(version => version <= newest)], ResponseTimeout = Patience.Limit },
    };
}

using VmBus.Backends.Tests.HostileDevices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>What a host has of its guest goes as soon as it is of no use: with the channel, the pages, the connection, the bus.</summary>
public sealed class HostReturnsTests : IDisposable
{
    private static readonly DeviceChannelOptions Monitored = new() { SignalMode = SignalMode.Monitored };
    private static readonly HeldOfGuest Nothing = new(0, 0, 0, 0, 0, 0, 0);

    private readonly Hypervisor _hypervisor = new();
    private readonly InMemoryGuestPlatform _platform;
    private readonly CountedPartition _partition;

    public HostReturnsTests()
    {
        Partition host = _hypervisor.CreatePartition(1 << 20), guest = _hypervisor.CreatePartition(4 << 20);
        _platform = new InMemoryGuestPlatform(guest);
        _partition = new CountedPartition(new InMemoryGuestPartition(host, guest));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Assert.Equal((Nothing, 0), (_partition.Held, _partition.LateSets));
        _platform.Dispose();
        _hypervisor.Dispose();
    }

    // Rings, gate, connection, flag and monitors are the channel's; pages are the connection's.
    [Theory]
    [InlineData("0.13", 0, 1, 0, 1)]
    [InlineData("1.1", 1, 1, 0, 1)]
    [InlineData("2.4", 1, 1, 1, 2)]
    [InlineData("5.3", 1, 0, 1, 2)]
    [InlineData("6.0", 1, 0, 1, 2)]
    public async Task All_goes_in_the_order_in_which_it_is_of_no_use(string version, int connections, int pages, int flags, int monitors)
    {
        await using (var host = new HostBus(_partition))
        {
            await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice(), Monitored);
            HeldOfGuest alone = _partition.Held;
            GuestBus bus = await GuestBus.ConnectAsync(_platform, BusFixture.Patient with { Versions = [Known(version)] }, Token);
            await using (bus)
            {
                GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
                HeldOfGuest connected = _partition.Held;
                Assert.Equal((pages, 2, 0, 0), (connected.Pages, connected.MonitorPages, connected.Monitors, connected.Rings));
                for (int round = 0; round < 2; round++)
                {
                    GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
                    await BusFixture.PingAsync(channel.Channel, 3);
                    HeldOfGuest open = _partition.Held;
                    Assert.Equal(connected with
                    {
                        Gates = connected.Gates + 1,
                        Connections = connected.Connections + connections,
                        Flags = connected.Flags + flags,
                        Monitors = monitors,
                        Rings = 2,
                    }, open);
                    await channel.CloseAsync(Token);
                    Assert.Equal(connected, _partition.Held);
                }
            }

            Assert.Equal(alone, _partition.Held);
        }
    }

    [Fact]
    public async Task A_bit_of_a_channel_that_is_closed_sets_nothing()
    {
        await using var host = new HostBus(_partition);
        await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await GuestBus.ConnectAsync(_platform, BusFixture.Patient with { Versions = [Known("1.1")] }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 1);
        await channel.CloseAsync(Token);
        new InterruptPageView(_partition.LastPage).Send[(int)(offer.Relid / 64)] |= 1UL << (int)(offer.Relid % 64);
        Assert.Equal(HypercallStatus.Success, _platform.CreateSignalPath(2, isMonitored: false).Signal());
        Assert.Equal(0, _partition.LateSets);
    }

    [Fact]
    public async Task Monitor_pages_that_a_guest_has_moved_are_left_alone_also_by_channels_that_are_open()
    {
        await using var host = new HostBus(_partition);
        await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice(), Monitored);
        using var guest = new WireGuest(_platform);
        HeldOfGuest alone = _partition.Held;
        using IGuestPages first = _platform.AllocatePages(2), second = _platform.AllocatePages(2);
        OfferChannel offer = (await guest.ConnectAsync(Contact(first))).Values.Single();
        HeldOfGuest connected = _partition.Held;
        WireChannel channel = await guest.ShareRingsAsync(offer);
        Assert.Equal(ChannelMessageStatus.Success, await guest.OpenAsync(channel));
        guest.Ping(channel);
        Assert.Equal((2, 2), (_partition.Held.MonitorPages, _partition.Held.Monitors));

        // The host signals by calls from now on; the guest may go on by monitor, in the page it has named.
        await MoveAsync(second);
        Assert.Equal((2, 1), (_partition.Held.MonitorPages, _partition.Held.Monitors));
        WireGuest.PingMonitored(channel, second.Address + GpadlRange.PageSize);

        await MoveAsync(null);
        Assert.Equal((0, 0), (_partition.Held.MonitorPages, _partition.Held.Monitors));
        guest.Ping(channel);

        await MoveAsync(first);
        Assert.Equal((2, 1), (_partition.Held.MonitorPages, _partition.Held.Monitors));
        WireGuest.PingMonitored(channel, first.Address + GpadlRange.PageSize);

        await guest.CloseAsync(channel);
        Assert.Equal(connected, _partition.Held);
        await guest.UnloadAsync();
        Assert.Equal(alone, _partition.Held);

        async Task MoveAsync(IGuestPages? pages)
        {
            guest.Post(ChannelMessages.ToBytes(ChannelMessageType.ModifyConnection, new ModifyConnection
            {
                ParentToChildMonitorPage = AddressOf(pages, 0),
                ChildToParentMonitorPage = AddressOf(pages, 1),
            }));
            Assert.Equal(ConnectionState.Successful, (await guest.NextAsync<ModifyConnectionResponse>(ChannelMessageType.ModifyConnectionResponse)).ConnectionState);
        }
    }

    // Another guest runs there by now, or none: the host finds out, or is told.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_guest_that_is_gone_by_the_restore_is_connected_no_more(bool isReset)
    {
        using var guest = new WireGuest(_platform);
        using IGuestPages pages = _platform.AllocatePages(2);
        byte[] state;
        await using (var host = new HostBus(_partition))
        {
            await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice(), Monitored);
            WireChannel channel = await guest.ShareRingsAsync((await guest.ConnectAsync(Contact(pages))).Values.Single());
            Assert.Equal(ChannelMessageStatus.Success, await guest.OpenAsync(channel));
            state = await host.SaveAsync();
        }

        _partition.HasNoPages = !isReset;
        await using var next = HostBus.Restore(_partition, state);
        if (isReset)
            await next.ResetAsync().WaitAsync(Patience.Limit, Token);
        await next.OfferAsync(EchoDevice.Offer(1), new EchoDevice(), Monitored);
        await next.CompleteRestoreAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(next.CompleteRestoreAsync);
        HostBusStatistics now = await next.GetStatisticsAsync();
        Assert.Equal((HostState.Disconnected, 0, 0, 0), (next.State, now.OpenChannels, now.Relids, now.Gpadls));
        Assert.True(isReset || now.LastRefusal?.StartsWith("There is no monitor page", StringComparison.Ordinal) == true);
        Assert.Equal((0, 0, 0), (_partition.Held.MonitorPages, _partition.Held.Monitors, _partition.Held.Rings));

        _partition.HasNoPages = false;
        WireChannel again = await guest.ShareRingsAsync((await guest.ConnectAsync(Contact(pages))).Values.Single());
        Assert.Equal(ChannelMessageStatus.Success, await guest.OpenAsync(again));
        guest.Ping(again);
        await guest.CloseAsync(again);
        await guest.UnloadAsync();
    }

    // The host waits for the guest to take an answer, and takes no more of its messages until then.
    [Fact]
    public async Task What_a_guest_posted_before_its_reset_is_not_taken_for_the_next_ones()
    {
        await using var host = new HostBus(_partition, new HostBusOptions { MaxWaitingAnswers = 1 });
        await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        HeldOfGuest alone = _partition.Held;
        using IGuestPages pages = _platform.AllocatePages(2);
        byte[] contact = ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = Contact(pages) }, InitiateContact.Size);
        Assert.Equal(HypercallStatus.Success, _platform.PostMessage(MessageConnection.Contact, contact));
        for (int message = 0; message < 3; message++)
            Assert.Equal(HypercallStatus.Success, _platform.PostMessage(MessageConnection.Contact, ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest, default(TlConnectRequest2))));
        Assert.Equal(HypercallStatus.Success, _platform.PostMessage(MessageConnection.Contact, contact));
        await host.ResetAsync().WaitAsync(Patience.Limit, Token);
        await host.GetStatisticsAsync();
        Assert.Equal((HostState.Disconnected, alone), (host.State, _partition.Held));
    }

    // A reset lasts as long as a service takes to end, and the next guest may be quick.
    [Fact]
    public async Task A_reset_ends_though_the_next_guest_has_posted_already()
    {
        await using var host = new HostBus(_partition);
        using var guest = new WireGuest(_platform);
        var end = new TaskCompletionSource();
        await host.OfferAsync(EchoDevice.Offer(1), new ScriptedDevice { Serve = (_, _) => end.Task });
        WireChannel channel = await guest.ShareRingsAsync((await guest.ConnectAsync()).Values.Single());
        Assert.Equal(ChannelMessageStatus.Success, await guest.OpenAsync(channel));
        Task reset = host.ResetAsync();
        guest.PostContact();
        Assert.Equal((HostState.Disconnecting, false), (host.State, reset.IsCompleted));
        end.SetResult();
        await reset.WaitAsync(Patience.Limit, Token);
        await guest.NextAsync<VersionResponse>(ChannelMessageType.VersionResponse);
        Assert.Equal(HostState.Connected, host.State);
        await guest.UnloadAsync();
    }

    private static ProtocolVersion Known(string version) => ProtocolVersion.Known.Single(known => known.ToString() == version);

    private static InitiateContact Contact(IGuestPages pages) => new()
    {
        VersionRequested = ProtocolVersion.Copper,
        TargetSint = SynicMsr.VmBusSint,
        FeatureFlags = FeatureFlags.ModifyConnection,
        ParentToChildMonitorPage = AddressOf(pages, 0),
        ChildToParentMonitorPage = AddressOf(pages, 1),
    };

    private static ulong AddressOf(IGuestPages? pages, int page) => pages is null ? 0 : pages.PageFrames.Span[page] * GpadlRange.PageSize;
}

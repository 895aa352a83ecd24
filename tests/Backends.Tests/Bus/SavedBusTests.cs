using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.Bus.SavedChannels;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Either end is saved while the other runs, and goes on: the other must not notice.</summary>
public sealed class SavedBusTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool> Machines => new()
    {
        { "6.0", false },
        { "6.0", true },
        { "5.2", false },
        { "4.0", false },
        { "1.1", false },
        { "0.13", false },
    };

    // Law: however often the host is saved and restored under traffic, every packet comes back once and in order.
    [Theory]
    [MemberData(nameof(Machines))]
    public async Task A_host_is_restarted_under_traffic_and_no_packet_is_lost_or_doubled(string version, bool scattered)
    {
        await using var fixture = new BusFixture(new() { ScatterPages = scattered, GuestVpCount = 2 });
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        await using GuestBus bus = await fixture.Machine.ConnectAsync(Speaking(version), Token);
        List<GuestChannel> channels = await OpenAllAsync(bus);
        EchoTraffic[] traffic = [.. channels.Select((_, index) => new EchoTraffic(40 + 300 * index))];
        const ulong Packets = 4_000;
        Task[] running = [.. channels.Select((channel, index) => Task.Run(() => traffic[index].RunAsync(channel.Channel, Packets, CancellationToken.None), Token))];
        for (ulong restart = 1; restart <= 4; restart++)
        {
            ulong mark = restart * Packets / 6;
            Background.Until(() => traffic.Any(one => one.Received >= mark), "traffic");
            byte[] state = await fixture.Machine.SaveHostAsync().WaitAsync(Patience.Limit, Token);
            HostBus host = fixture.Machine.RestoreHost(state);
            await OfferAllAsync(host, device);
            await host.CompleteRestoreAsync();
            Assert.Equal(channels.Count, (await host.GetStatisticsAsync()).OpenChannels);
        }

        await Task.WhenAll(running).WaitAsync(Patience.Limit, Token);
        Assert.All(traffic, one => Assert.Equal(Packets, one.Received));
        // A service that finds nothing to do any more may start only now.
        Background.Until(() => device.Restored == 4 * channels.Count, "the last services");
        foreach (GuestChannel channel in channels)
            await channel.DisposeAsync();
    }

    // Law: however often the guest is saved and restored under traffic, every packet comes back once and in order.
    [Theory]
    [MemberData(nameof(Machines))]
    public async Task A_guest_is_restarted_under_traffic_and_no_packet_is_lost_or_doubled(string version, bool scattered)
    {
        await using var fixture = new BusFixture(new() { ScatterPages = scattered, GuestVpCount = 2 });
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.Machine.ConnectAsync(Speaking(version), Token);
        IReadOnlyList<GuestChannel> channels = await OpenAllAsync(bus);
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        EchoTraffic[] traffic = [.. channels.Select((_, index) => new EchoTraffic(40 + 300 * index))];
        const ulong Packets = 4_000;
        for (ulong restart = 1; restart <= 5; restart++)
        {
            using var stop = new CancellationTokenSource();
            CancellationToken stopped = restart < 5 ? stop.Token : CancellationToken.None;
            Task[] running = [.. channels.Select((channel, index) => Task.Run(() => traffic[index].RunAsync(channel.Channel, Packets, stopped), Token))];
            if (restart < 5)
            {
                ulong mark = restart * Packets / 6;
                Background.Until(() => traffic.Any(one => one.Received >= mark), "traffic");
                await stop.CancelAsync();
            }
            await Task.WhenAll(running).WaitAsync(Patience.Limit, Token);
            byte[] state = await bus.SaveAsync(Token).WaitAsync(Patience.Limit, Token);
            Assert.Null(bus.Failure);
            Assert.Equal(pages, fixture.Machine.GuestPartition.Memory.AllocatedPages);
            bus = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, Speaking(version));
            Assert.Equal(version, bus.Negotiated.Version.ToString());
            channels = await bus.GetOpenChannelsAsync();
            Assert.Equal(traffic.Length, channels.Count);
        }

        Assert.All(traffic, one => Assert.Equal(Packets, one.Received));
        Assert.Equal(traffic.Length, device.Served);
        await BusFixture.PingAsync(channels[0].Channel, 5);
        await bus.DisposeAsync();
        Assert.Null(bus.Failure);
    }

    [Fact]
    public async Task Both_ends_are_restarted_at_once()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.ConnectAsync();
        IReadOnlyList<GuestChannel> channels = await OpenAllAsync(bus);
        Assert.True(channels[0].Channel.TrySend([1, 2, 3, 4, 5, 6, 7, 8], 77));
        byte[] guest = await bus.SaveAsync(Token);
        byte[] host = await fixture.Machine.SaveHostAsync();
        await using GuestBus next = await fixture.Machine.RestoreGuestAsync(guest, BusFixture.Patient, Token);
        fixture.Machine.RestoreHost(host);
        await OfferAllAsync(fixture.Host, device);
        await fixture.Host.CompleteRestoreAsync();
        channels = await next.GetOpenChannelsAsync();
        await channels[0].Channel.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
        Assert.True(channels[0].Channel.Incoming.TryRead(new byte[8], out _, out ulong id, out _));
        Assert.Equal(77ul, id);
        await BusFixture.PingAsync(channels[1].Channel, 10);
    }

    [Fact]
    public async Task Channels_that_are_not_offered_again_are_rescinded_and_new_ones_offered()
    {
        await using var fixture = new BusFixture();
        await OfferAllAsync(fixture.Host, new CountingDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        List<GuestChannel> channels = await OpenAllAsync(bus);
        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await fixture.Host.OfferAsync(EchoDevice.Offer(9), new EchoDevice());
        await fixture.Host.CompleteRestoreAsync();
        Assert.Equal(ChannelState.Open, channels[0].Channel.State);
        Assert.All(channels.Skip(1), channel => Assert.Equal($"The host rescinded channel {channel.Offer.Relid}.", channel.Channel.DisconnectReason));
        await BusFixture.PingAsync(channels[0].Channel, 5);
        foreach (GuestChannel channel in channels.Skip(1))
            await channel.CloseAsync().WaitAsync(Patience.Limit, Token);
        GuestOffer added = (await bus.GetOffersAsync()).Single(offer => offer.Relid != channels[0].Offer.Relid);
        await using GuestChannel opened = await bus.OpenChannelAsync(added, cancellationToken: Token);
        await BusFixture.PingAsync(opened.Channel, 5);
        Assert.Equal(2, (await fixture.Host.GetStatisticsAsync()).Relids);
    }

    [Fact]
    public async Task A_channel_rescinded_under_a_guest_that_is_saved_is_rescinded_when_it_goes_on()
    {
        await using var fixture = new BusFixture();
        OfferedChannel before = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        OfferedChannel between = await fixture.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        GuestBus bus = await fixture.ConnectAsync();
        foreach (GuestOffer offer in await bus.RequestOffersAsync(Token))
            await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await before.RevokeAsync().WaitAsync(Patience.Limit, Token);
        byte[] state = await bus.SaveAsync(Token).WaitAsync(Patience.Limit, Token);
        await between.RevokeAsync().WaitAsync(Patience.Limit, Token);
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, BusFixture.Patient);
        IReadOnlyList<GuestChannel> channels = await next.GetOpenChannelsAsync();
        Assert.Equal(2, channels.Count);
        Background.Until(() => channels.All(channel => channel.Channel.State == ChannelState.Disconnected), "rescinds");
        foreach (GuestChannel channel in channels)
            await channel.CloseAsync().WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).Relids);
    }

    [Fact]
    public async Task A_pause_outlives_both_ends()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        await bus.PauseAsync(Token).WaitAsync(Patience.Limit, Token);
        await fixture.Host.OfferAsync(EchoDevice.Offer(20), new EchoDevice());
        byte[] guest = await bus.SaveAsync(Token).WaitAsync(Patience.Limit, Token);
        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.OfferAsync(EchoDevice.Offer(20), new EchoDevice());
        await OfferAllAsync(fixture.Host, device);
        await fixture.Host.CompleteRestoreAsync();
        Assert.Equal(HostState.Paused, fixture.Host.State);
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, guest, BusFixture.Patient);
        Assert.Equal(4, (await next.GetOffersAsync()).Count);
        await next.ResumeAsync();
        Assert.Equal(5, (await next.GetOffersAsync()).Count);
        await BusFixture.PingAsync((await next.GetOpenChannelsAsync())[1].Channel, 5);
    }

    [Fact]
    public async Task A_host_is_restarted_with_a_GPADL_half_sent()
    {
        var watch = new BodyWatch(3);
        await using var fixture = new BusFixture(new() { Host = new HostBusOptions { Observer = watch } });
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        await using GuestBus bus = await fixture.ConnectAsync();
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(Token);

        // The save is asked for from within the third body's arrival, so the rest of the GPADL finds nobody.
        watch.Reached = () => watch.Saved = fixture.Machine.SaveHostAsync();
        Task<GuestChannel> opening = bus.OpenChannelAsync(offers[0], new GuestChannelOptions { OutgoingSize = 1 << 20, IncomingSize = 1 << 20 }, Token);
        Background.Until(() => watch.Saved is not null, "three bodies");
        byte[] state = await watch.Saved!.WaitAsync(Patience.Limit, Token);
        Assert.False(opening.IsCompleted);
        fixture.Machine.RestoreHost(state);
        await OfferAllAsync(fixture.Host, device);
        await fixture.Host.CompleteRestoreAsync();
        await using GuestChannel channel = await opening.WaitAsync(Patience.Limit, Token);
        await BusFixture.PingAsync(channel.Channel, 5, 30_000);
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).Faults);
    }

    [Fact]
    public async Task Messages_that_the_host_had_taken_and_not_looked_at_are_answered_after_the_restore()
    {
        await using var fixture = new BusFixture();
        var platform = (InMemoryGuestPlatform)fixture.Machine.Platform;
        // A guest that reads nothing: its slot holds the first answer, more wait than the host lets wait, the rest is not looked at.
        Assert.Equal(HypercallStatus.Success, platform.PostMessage(MessageConnection.Contact, ChannelMessages.ToBytes(
            ChannelMessageType.InitiateContact, new InitiateContact { VersionRequested = ProtocolVersion.Win10Rs5, TargetSint = SynicMsr.VmBusSint })));
        uint posted = 0;
        while (platform.PostMessage(MessageConnection.Contact, Header(posted)) == HypercallStatus.Success)
            posted++;
        Assert.True(posted > 64 + 32, $"{posted}");
        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.CompleteRestoreAsync();

        var answers = new List<uint>();
        using (platform.ReceiveMessages(message =>
        {
            if (ChannelMessages.Read<ChannelMessageHeader>(message).MessageType == ChannelMessageType.GpadlCreated)
                answers.Add(ChannelMessages.Read<GpadlCreated>(message).Gpadl);
        }))
        {
            Background.Until(() => answers.Count == posted, "answers");
        }
        Assert.Equal(Enumerable.Range(0, (int)posted).Select(gpadl => (uint)gpadl), answers);
        await fixture.Host.ResetAsync();

        static byte[] Header(uint gpadl) => ChannelMessages.ToBytes(ChannelMessageType.GpadlHeader, new GpadlHeader { ChildRelid = 99, Gpadl = gpadl });
    }

    [Fact]
    public async Task Whichever_end_is_restored_both_ends_are_signalled()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        GuestBus bus = await fixture.ConnectAsync();
        GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        using var stop = new CancellationTokenSource();
        Task waiting = channel.Channel.WaitToReadAsync(stop.Token).AsTask();

        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await fixture.Host.CompleteRestoreAsync();
        Background.Until(() => channel.Channel.GetStatistics().Wakeups > 0, "a signal to the guest");
        Background.Until(() => device.LastChannel!.GetStatistics().Wakeups > 0, "a signal to the host itself");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit, Token));

        byte[] state = await bus.SaveAsync(Token);
        long before = device.LastChannel!.GetStatistics().Wakeups;
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, BusFixture.Patient);
        Background.Until(() => device.LastChannel.GetStatistics().Wakeups > before, "a signal to the host");
        await using GuestChannel restored = Assert.Single(await next.GetOpenChannelsAsync());
        using var end = new CancellationTokenSource();
        Task looking = restored.Channel.WaitToReadAsync(end.Token).AsTask();
        Background.Until(() => restored.Channel.GetStatistics().Wakeups > 0, "a signal to the guest itself");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => looking.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task Saving_a_guest_ends_the_waits_of_threads_before_its_rings_go()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new CountingDevice());
        GuestBus bus = await fixture.ConnectAsync();
        await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        for (int round = 0; round < 50; round++)
        {
            GuestChannel channel = Assert.Single(await bus.GetOpenChannelsAsync());
            using var started = new CountdownEvent(2);
            Task reader = Task.Run(() => WaitForEver(() => channel.Channel.WaitToRead(TimeSpan.FromMilliseconds(1))), Token);
            Task writer = Task.Run(() => WaitForEver(() => channel.Channel.WaitToWrite(100, TimeSpan.FromMilliseconds(1))), Token);
            Assert.True(started.Wait(Patience.Limit, Token));
            byte[] state = await bus.SaveAsync(Token).WaitAsync(Patience.Limit, Token);
            await Task.WhenAll(reader, writer).WaitAsync(Patience.Limit, Token);
            bus = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, BusFixture.Patient);

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
                    // What a wait says when its channel is no longer here.
                }
            }
        }
        await bus.DisposeAsync();
    }

    [Fact]
    public async Task A_reserved_channel_goes_on_whichever_end_is_restarted()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await bus.OpenChannelAsync(offer, new GuestChannelOptions { IsReserved = true }, Token);
        byte[] guest = await bus.SaveAsync(Token);
        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await fixture.Host.CompleteRestoreAsync();
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, guest, BusFixture.Patient);
        await using GuestChannel channel = Assert.Single(await next.GetOpenChannelsAsync());
        Assert.False(channel.Channel.Signaler.HasMonitor);
        Assert.True(channel.Channel.TrySend([1, 2, 3], 5));
        Background.Until(() => channel.Channel.Incoming.HasPackets, "echo");
    }

    [Fact]
    public async Task A_saved_bus_refuses_what_it_cannot_do_any_more_and_is_disposed_without_a_word()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        HostBus host = fixture.Host;
        byte[] state = await host.SaveAsync().WaitAsync(Patience.Limit, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(host.SaveAsync);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.OfferAsync(EchoDevice.Offer(9), device));
        await Assert.ThrowsAsync<ObjectDisposedException>(host.ResetAsync);
        Assert.Equal(HypercallStatus.InsufficientBuffers, fixture.Machine.Platform.PostMessage(MessageConnection.Contact, ChannelMessages.ToBytes(ChannelMessageType.Unload)));
        await host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(host.SaveAsync);
        fixture.Machine.RestoreHost(state);
        await Assert.ThrowsAsync<InvalidOperationException>(fixture.Host.SaveAsync);
        await OfferAllAsync(fixture.Host, device);
        await fixture.Host.CompleteRestoreAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(fixture.Host.CompleteRestoreAsync);

        byte[] guest = await bus.SaveAsync(Token);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.SaveAsync(Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.PauseAsync(Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.ResumeAsync(Token));
        await bus.DisposeAsync();
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, guest, BusFixture.Patient);
        await BusFixture.PingAsync((await next.GetOpenChannelsAsync())[0].Channel, 3);
    }

    [Fact]
    public async Task A_host_that_is_never_completed_is_disposed_like_any_other()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        fixture.Machine.RestoreHost(await fixture.Machine.SaveHostAsync());
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await bus.AbandonAsync();
        await fixture.Host.ResetAsync().WaitAsync(Patience.Limit, Token);
    }

    private static GuestBusOptions Speaking(string version) => new()
    {
        Protocol = new GuestProtocolOptions { Versions = [.. ProtocolVersion.Known.Where(known => known.ToString() == version)], ResponseTimeout = Patience.Limit },
    };

    private sealed class BodyWatch(int bodies) : IMessageObserver
    {
        private int _seen;

        public Action? Reached { get; set; }

        public Task<byte[]>? Saved { get; set; }

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
        {
            if ((ChannelMessageType)message[0] == ChannelMessageType.GpadlBody && ++_seen == bodies)
                Reached?.Invoke();
        }
    }
}

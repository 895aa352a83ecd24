using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>What a guest made for a step that came to nothing goes, and the step can be tried again.</summary>
public sealed class GuestReturnsTests
{
    private static CancellationToken Token => BusFixture.Token;

    [Fact]
    public async Task A_second_connection_is_refused_and_takes_nothing()
    {
        await using var fixture = new BusFixture();
        await using GuestBus bus = await fixture.ConnectAsync();
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        await Assert.ThrowsAsync<InvalidOperationException>(fixture.ConnectAsync);
        Assert.Equal(pages, fixture.Machine.GuestPartition.Memory.AllocatedPages);
        Assert.Empty(await bus.RequestOffersAsync(Token));
    }

    [Fact]
    public async Task A_channel_that_cannot_be_made_leaves_no_event_routed()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        for (int round = 0; round < 2; round++)
        {
            // Found out when rings are mapped and events routed.
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bus.OpenChannelAsync(offer, new GuestChannelOptions { SignalMode = (SignalMode)99 }, Token));
            Assert.Equal((0, 0), platform.Live);
        }

        await using (GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token))
            await BusFixture.PingAsync(channel.Channel, 2);
        Assert.Equal(((0, 0), pages), (platform.Live, fixture.Machine.GuestPartition.Memory.AllocatedPages));
    }

    [Fact]
    public async Task A_channel_taken_back_behind_its_open_result_knows_it_from_the_start()
    {
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        platform.Hold(ChannelMessageType.OpenChannelResult);
        Task<GuestChannel> opening = bus.OpenChannelAsync(offer, cancellationToken: Token);
        Background.Until(() => platform.Held == 1, "the result");
        await offered.RevokeAsync().WaitAsync(Patience.Limit, Token);
        Background.Until(() => platform.Held == 2, "the rescind");
        platform.Release();
        await using GuestChannel channel = await opening.WaitAsync(Patience.Limit, Token);
        Assert.True(channel.Channel.Completion.IsCompleted, "The channel waits for a host that has taken it back.");
        Assert.Equal((ChannelState.Disconnected, $"The host rescinded channel {offer.Relid}."), (channel.Channel.State, channel.Channel.DisconnectReason));
        Assert.False(await channel.Channel.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_move_of_the_monitor_pages_that_was_never_posted_can_be_tried_again()
    {
        await using var fixture = new BusFixture();
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        var options = new GuestBusOptions { Protocol = BusFixture.Patient.Protocol with { Retry = new PostRetryPolicy { MaxTries = 1 } } };
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, options, Token);
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        for (int round = 0; round < 2; round++)
        {
            platform.PostStatus = HypercallStatus.InsufficientBuffers;
            GuestBusException failed = await Assert.ThrowsAsync<GuestBusException>(() => bus.MoveMonitorPagesAsync(Token).WaitAsync(Patience.Limit, Token));
            Assert.Equal(RequestOutcome.NotPosted, failed.Result!.Value.Outcome);
            Assert.Equal(pages, fixture.Machine.GuestPartition.Memory.AllocatedPages);
            platform.PostStatus = null;
            await bus.MoveMonitorPagesAsync(Token).WaitAsync(Patience.Limit, Token);
        }
    }

    [Fact]
    public async Task A_save_waits_for_the_rings_that_were_asked_back()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        GuestBus bus = await GuestBus.ConnectAsync(platform, BusFixture.Patient, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        platform.Hold(ChannelMessageType.GpadlTorndown);
        Task closing = channel.CloseAsync(Token);
        Background.Until(() => platform.Held == 1, "the host's answer");
        Task<byte[]> saving = bus.SaveAsync(Token);
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => bus.RequestOffersAsync(Token));
        Assert.NotSame(saving, await Task.WhenAny(saving, Task.Delay(50, Token)));
        platform.Release();
        await closing.WaitAsync(Patience.Limit, Token);
        byte[] state = await saving.WaitAsync(Patience.Limit, Token);
        await using GuestBus next = await GuestBus.RestoreAsync(platform, state, BusFixture.Patient, Token);
        Assert.Equal(pages, fixture.Machine.GuestPartition.Memory.AllocatedPages);
        await using GuestChannel again = await next.OpenChannelAsync(Assert.Single(await next.GetOffersAsync(Token)), cancellationToken: Token);
        await BusFixture.PingAsync(again.Channel, 2);
    }

    [Fact]
    public async Task A_save_that_is_given_up_leaves_the_connection_as_it_was()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, BusFixture.Patient, Token);
        platform.Hold(ChannelMessageType.AllOffersDelivered);
        Task<IReadOnlyList<GuestOffer>> asked = bus.RequestOffersAsync(Token);
        Background.Until(() => platform.Held == 1, "the host's answer");
        using var cancel = new CancellationTokenSource();
        Task<byte[]> saving = bus.SaveAsync(cancel.Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bus.RequestOffersAsync(Token));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => saving.WaitAsync(Patience.Limit, Token));
        platform.Release();
        GuestOffer offer = Assert.Single(await asked.WaitAsync(Patience.Limit, Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 2);
    }

    [Fact]
    public async Task A_watch_that_missed_a_change_says_so()
    {
        const int Room = 8;     // twice the offers there may be
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions { Protocol = BusFixture.Patient.Protocol with { MaxOffers = Room / 2 } }, Token);
        Assert.Single(await bus.RequestOffersAsync(Token));
        await using IAsyncEnumerator<OfferChange> watch = bus.WatchOffersAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        for (int change = 0; change < Room; change += 2)
            await OfferAndRevokeAsync();
        for (int change = 0; change < Room; change++)
            Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience.Limit, Token));
        for (int change = 0; change <= Room; change += 2)
            await OfferAndRevokeAsync();
        for (int change = 0; change < Room; change++)
            Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience.Limit, Token));
        Task<bool> missed = watch.MoveNextAsync().AsTask();
        Assert.True(missed.IsCompleted, "The watch waits for more, and has missed some.");
        await Assert.ThrowsAsync<InvalidOperationException>(() => missed);

        async Task OfferAndRevokeAsync()
        {
            OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice()).WaitAsync(Patience.Limit, Token);
            Background.Until(() => bus.GetOffersAsync().Result.Count == 2, "the offer");
            await offered.RevokeAsync();
            Background.Until(() => bus.GetOffersAsync().Result.Count == 1 && offered.Relid is null, "the rescind");
        }
    }

    // A guest that is booted again with another kernel: before 2.4 all channels share one event flag, later each has its own.
    [Fact]
    public async Task A_connection_after_one_that_shared_its_events_has_its_own()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        foreach (string version in (string[])["1.1", "6.0", "0.13", "5.3"])
        {
            await using GuestBus bus = await fixture.Machine.ConnectAsync(
                BusFixture.Patient with { Versions = [.. ProtocolVersion.Known.Where(known => known.ToString() == version)] }, Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
            await BusFixture.PingAsync(channel.Channel, 2);
        }
    }

    // Each watch has room for thousands of changes, and is told of every one.
    [Fact]
    public async Task Watches_of_the_offers_that_have_ended_are_forgotten()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        await bus.RequestOffersAsync(Token);
        await WatchAsync(100);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await WatchAsync(5000);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 5000 * 100);

        async Task WatchAsync(int times)
        {
            for (; times > 0; times--)
            {
                await foreach (OfferChange change in bus.WatchOffersAsync(Token))
                {
                    Assert.False(change.IsRescinded);
                    break;
                }
            }
        }
    }
}

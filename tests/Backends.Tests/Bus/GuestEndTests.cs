using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>How a guest's connection and its channels end, and what they say of it.</summary>
public sealed class GuestEndTests
{
    private static CancellationToken Token => BusFixture.Token;

    [Fact]
    public async Task A_channel_that_the_host_took_back_says_so_though_nothing_waits_on_it()
    {
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        await using GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        VmBusChannel user = channel.Channel;
        Assert.Equal(ChannelState.Open, user.State);
        Assert.False(user.Completion.IsCompleted);
        await offered.RevokeAsync().WaitAsync(Patience.Limit, Token);
        await user.Completion.WaitAsync(Patience.Limit, Token);
        Assert.Equal((ChannelState.Disconnected, $"The host rescinded channel {channel.Offer.Relid}."), (user.State, user.DisconnectReason));
        await user.CloseAsync(Token);
        Assert.Equal((ChannelState.Closed, $"The host rescinded channel {channel.Offer.Relid}."), (user.State, user.DisconnectReason));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_channel_ends_with_its_connection(bool abandoned)
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        if (abandoned)
        {
            await fixture.Host.ResetAsync();
            await bus.AbandonAsync(Token);
        }
        VmBusChannel user = channel.Channel;
        Assert.Equal(abandoned, user.DisconnectReason is not null);
        await bus.DisposeAsync();
        await user.Completion.WaitAsync(Patience.Limit, Token);
        Assert.Equal(ChannelState.Closed, user.State);
        await user.CloseAsync(Token);
        await user.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.RetargetAsync(user, 0, Token));
    }

    [Fact]
    public async Task A_callback_of_the_users_that_waits_for_the_bus_does_not_stop_it()
    {
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        await using GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        var seen = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = channel.Channel.Completion.ContinueWith(
            _ =>
            {
                Task<IReadOnlyList<GuestOffer>> offers = bus.GetOffersAsync(Token);
                seen.SetResult(offers.Wait(TimeSpan.FromSeconds(5), Token) ? offers.Result.Count : -1);
            },
            Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await offered.RevokeAsync().WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, await seen.Task.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task Offers_are_asked_for_once_however_many_ask_and_give_up()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        int asked = 0;
        platform.Posting = type => asked += type == ChannelMessageType.RequestOffers ? 1 : 0;
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, cancellationToken: Token);
        platform.Hold(ChannelMessageType.AllOffersDelivered);
        using var cancel = new CancellationTokenSource();
        Task<IReadOnlyList<GuestOffer>> first = bus.RequestOffersAsync(cancel.Token), second = bus.RequestOffersAsync(Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Patience.Limit, Token));
        Assert.False(second.IsCompleted);
        platform.Release();
        Assert.Single(await second.WaitAsync(Patience.Limit, Token));
        Assert.Single(await bus.RequestOffersAsync(Token));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Every_call_after_the_end_says_that_it_has_ended()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await bus.DisposeAsync();
        await bus.DisposeAsync();
        await bus.AbandonAsync(Token);
        Func<Task>[] calls =
        [
            () => bus.RequestOffersAsync(Token), () => bus.GetOffersAsync(Token), () => bus.GetOpenChannelsAsync(Token), () => bus.OpenChannelAsync(offer, cancellationToken: Token),
            () => bus.PauseAsync(Token), () => bus.ResumeAsync(Token), () => bus.MoveMonitorPagesAsync(Token), () => bus.SaveAsync(Token),
            () => bus.ConnectTransportAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: Token),
            () => bus.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance, cancellationToken: Token),
            () => bus.WatchOffersAsync(Token).GetAsyncEnumerator(Token).MoveNextAsync().AsTask(),
        ];
        foreach (Func<Task> call in calls)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => call().WaitAsync(Patience.Limit, Token));
        Assert.True(bus.Completion.IsCompletedSuccessfully);
        Assert.Equal(2, fixture.Machine.GuestPartition.Memory.AllocatedPages);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_a_call_keeps_it_from_beginning()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        var cancelled = new CancellationToken(canceled: true);
        Func<Task>[] calls =
        [
            () => bus.RequestOffersAsync(cancelled), () => bus.GetOffersAsync(cancelled), () => bus.GetOpenChannelsAsync(cancelled), () => bus.OpenChannelAsync(offer, cancellationToken: cancelled),
            () => bus.PauseAsync(cancelled), () => bus.ResumeAsync(cancelled), () => bus.MoveMonitorPagesAsync(cancelled), () => bus.SaveAsync(cancelled), () => bus.AbandonAsync(cancelled),
            () => bus.ConnectTransportAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: cancelled), () => fixture.Machine.ConnectAsync(cancellationToken: cancelled),
            () => fixture.Machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: cancelled), () => fixture.Machine.SaveHostAsync(cancelled),
            () => GuestBus.RestoreAsync(fixture.Machine.Platform, new byte[100], cancellationToken: cancelled),
        ];
        foreach (Func<Task> call in calls)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call().WaitAsync(Patience.Limit, Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 3);
    }

    [Fact]
    public async Task A_host_that_offers_and_rescinds_without_end_while_posts_are_refused_ends_the_connection()
    {
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        // No timer of the bus takes part: a message is taken as it is said.
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = new FakeTimeProvider() }, Token);
        GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        await using IAsyncEnumerator<OfferChange> watch = bus.WatchOffersAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        Task<GuestBusException> failing = Assert.ThrowsAsync<GuestBusException>(async () =>
        {
            while (await watch.MoveNextAsync())
            {
            }
        });

        platform.PostStatus = HypercallStatus.InsufficientBuffers;
        int said = 0;
        for (; bus.Failure is null && said < 1_000_000; said++)
        {
            platform.Say(ChannelMessages.ToBytes(OfferChannel.MessageType, new OfferChannel { ChildRelid = 77, Offer = new ChannelOffer { InterfaceInstance = new Guid(said, 0, 0, new byte[8]) } }));
            platform.Say(ChannelMessages.ToBytes(RescindOffer.MessageType, new RescindOffer { ChildRelid = 77 }));
        }

        Assert.Equal(2048, said);
        Assert.Contains("2047", Assert.IsType<GuestBusException>(bus.Failure).Message, StringComparison.Ordinal);
        Assert.Same(bus.Failure, (await Assert.ThrowsAsync<GuestBusException>(() => bus.Completion.WaitAsync(Patience.Limit, Token))).InnerException);
        Assert.Same(bus.Failure, (await Assert.ThrowsAsync<GuestBusException>(() => bus.GetOffersAsync(Token))).InnerException);
        await channel.Channel.Completion.WaitAsync(Patience.Limit, Token);
        Assert.Equal(ChannelState.Disconnected, channel.Channel.State);
        await failing.WaitAsync(Patience.Limit, Token);

        // The host was not told, so what it may write to stays taken.
        platform.PostStatus = null;
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        await bus.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        Assert.Equal(pages, fixture.Machine.GuestPartition.Memory.AllocatedPages);
        await fixture.Host.ResetAsync();
        Assert.Equal(0, fixture.Machine.GuestPartition.Memory.MappedRings);
        fixture.Machine.GuestPartition.Memory.FreePages(3 * 4096, pages - 2);
        Assert.Equal((0, 0), platform.Live);
        await offered.RevokeAsync();
    }

    [Fact]
    public async Task A_host_that_floods_a_guest_whose_observer_is_slow_ends_the_connection()
    {
        await using var fixture = new BusFixture();
        using var slow = new ManualResetEventSlim();
        var observer = new Observer(type =>
        {
            if (type == ChannelMessageType.RescindOffer)
                slow.Wait(Patience.Limit, Token);
        });
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Observer = observer }, Token);
        byte[] rescind = ChannelMessages.ToBytes(RescindOffer.MessageType, new RescindOffer { ChildRelid = 77 });
        Background first = Background.Run(() => platform.Say(rescind));
        Background.Until(() => observer.Seen == 1, "the observer");
        for (int message = 0; message < 100_000; message++)
            platform.Say(rescind);
        slow.Set();
        first.Join();
        Assert.InRange(observer.Seen, 8192, 8200);
        GuestBusException failure = await Assert.ThrowsAsync<GuestBusException>(() => bus.Completion.WaitAsync(Patience.Limit, Token));
        Assert.Contains("8192", failure.Message, StringComparison.Ordinal);
        await fixture.Host.ResetAsync();
        await bus.AbandonAsync(Token);
    }

    [Fact]
    public async Task An_observer_that_throws_ends_the_connection_and_every_wait_with_it()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var observer = new Observer(type =>
        {
            if (type == ChannelMessageType.GpadlCreated)
                throw new TimeoutException("the observer's");
        });
        GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions { Observer = observer }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        GuestBusException ended = await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offer, cancellationToken: Token).WaitAsync(Patience.Limit, Token));
        Assert.IsType<TimeoutException>(ended.InnerException);
        Assert.Equal("the observer's", Assert.IsType<TimeoutException>(bus.Failure).Message);
        await fixture.Host.ResetAsync();
        await bus.AbandonAsync(Token);
    }

    [Theory]
    [InlineData(ChannelMessageType.GpadlHeader)]
    [InlineData(ChannelMessageType.OpenChannel)]
    internal async Task A_platform_that_throws_ends_the_connection_and_every_wait_with_it(ChannelMessageType fatal)
    {
        using var unobserved = new UnobservedExceptions();
        await using (var fixture = new BusFixture())
        {
            await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            var platform = new HoldingPlatform(fixture.Machine.Platform)
            {
                Posting = type =>
                {
                    if (type == fatal)
                        throw new TimeoutException("the platform's");
                },
            };
            GuestBus bus = await GuestBus.ConnectAsync(platform, cancellationToken: Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            GuestBusException ended = await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offer, cancellationToken: Token).WaitAsync(Patience.Limit, Token));
            Assert.IsType<TimeoutException>(ended.InnerException);
            Assert.Contains("the platform's", ended.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<GuestBusException>(() => bus.OpenChannelAsync(offer, cancellationToken: Token));
            await fixture.Host.ResetAsync();
            await bus.AbandonAsync(Token).WaitAsync(Patience.Limit, Token);
            Assert.Equal(2, fixture.Machine.GuestPartition.Memory.AllocatedPages);
            Assert.Equal((0, 0), platform.Live);
        }
        unobserved.AssertNone();
    }

    private sealed class Observer(Action<ChannelMessageType> observe) : IMessageObserver
    {
        private int _seen;

        public int Seen => Volatile.Read(ref _seen);

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
        {
            var type = (ChannelMessageType)message[0];
            if (type == ChannelMessageType.RescindOffer)
                Interlocked.Increment(ref _seen);
            observe(type);
        }
    }
}

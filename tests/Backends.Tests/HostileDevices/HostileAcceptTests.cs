using VmBus.Hosting;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Devices that are asked whether a guest may open, and answer with anything but a yes or no.</summary>
public sealed class HostileAcceptTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_accept_that_throws_refuses_the_open_and_the_hosts_author_gets_the_exception(bool later)
    {
        await using DeviceFixture fixture = await StartAsync();
        var thrown = new IOException("The disk is gone.");
        fixture.Device.Accept = async (_, _) =>
        {
            if (later)
                await Task.Yield();
            throw thrown;
        };
        if (!later)
            fixture.Device.Accept = (_, _) => throw thrown;
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));

        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.Accept, fixture.Offered), (failed.Operation, failed.Channel));
        Assert.Same(thrown, failed.Exception);
        Assert.Same(thrown, fixture.Offered.Failure);
        HostBusStatistics counted = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((1, 1, "Accept: IOException: The disk is gone."), (counted.DeviceFailures, counted.Refusals, counted.LastDeviceFailure));
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();

        // The offer stays, and the guest may ask again.
        fixture.Device.Accept = (_, _) => new(true);
        WireChannel again = await fixture.OpenAsync();
        Assert.Null(fixture.Offered.Failure);
        await fixture.Guest.CloseAsync(again);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task An_accept_that_never_answers_has_refused_when_its_time_is_over_and_its_late_yes_means_nothing()
    {
        await using DeviceFixture fixture = await StartAsync();
        var late = new TaskCompletionSource<bool>();
        CancellationToken told = default;
        fixture.Device.Accept = (_, token) =>
        {
            told = token;
            return new(late.Task);
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        Background.Until(() => fixture.Device.Asked == 1, "the question");
        fixture.Clock.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        await fixture.AssertUnharmedButOpeningAsync();
        Assert.False(told.IsCancellationRequested);
        fixture.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        Assert.Contains("did not answer within 10 s", Assert.IsType<DeviceFaultException>(fixture.NextFailure().Exception).Message, StringComparison.Ordinal);
        Background.Until(() => told.IsCancellationRequested, "the token");
        late.SetResult(true);
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();
        Assert.Equal((0, 0), (fixture.Device.Served, fixture.Guest.Count(ChannelMessageType.OpenChannelResult)));
    }

    [Fact]
    public async Task An_accept_that_blocks_its_thread_holds_up_no_other_open()
    {
        await using DeviceFixture fixture = await StartAsync();
        using var goOn = new ManualResetEventSlim();
        fixture.Device.Accept = (_, _) =>
        {
            goOn.Wait(Token);
            return new(true);
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        Background.Until(() => fixture.Device.Asked == 1, "the question");
        await fixture.AssertUnharmedButOpeningAsync();
        OfferedChannel other = await Soon(fixture.Host.OfferAsync(Bus.EchoDevice.Offer(3, monitored: false), new Bus.EchoDevice()));
        WireChannel second = await fixture.Guest.ShareRingsAsync(await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel));
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(second));
        fixture.Guest.Ping(second);
        goOn.Set();
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenResultAsync());
        await fixture.Guest.CloseAsync(channel);
        await fixture.Guest.CloseAsync(second);
        await other.RevokeAsync();
        fixture.Guest.PostRelease(second.Relid);
        await fixture.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData("revoke")]
    [InlineData("reset")]
    [InlineData("offer")]
    public async Task An_accept_may_call_its_bus_and_wait_for_it(string what)
    {
        await using DeviceFixture fixture = await StartAsync();
        var called = new TaskCompletionSource();
        fixture.Device.Accept = async (_, _) =>
        {
            if (what == "revoke")
                await fixture.Offered.RevokeAsync();
            else if (what == "reset")
                await fixture.Host.ResetAsync();
            else
                await fixture.Host.OfferAsync(Bus.EchoDevice.Offer(3, monitored: false), new Bus.EchoDevice());
            called.SetResult();
            return true;
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        await Soon(called.Task);
        if (what == "reset")
        {
            fixture.Device.Accept = (_, _) => new(true);
            await fixture.ConnectAsync();
            await fixture.AssertUnharmedAsync();
            return;
        }
        Assert.Equal(what == "offer" ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        Assert.Equal(what == "offer" ? 0 : 1, fixture.Guest.Count(ChannelMessageType.RescindOffer));
        if (what == "offer")
            await fixture.Guest.CloseAsync(channel);
        else
            await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync(relids: what == "offer" ? 3 : 2);
    }

    [Fact]
    public async Task An_accept_may_dispose_its_bus()
    {
        await using DeviceFixture fixture = await StartAsync();
        var called = new TaskCompletionSource();
        fixture.Device.Accept = async (_, _) =>
        {
            await fixture.Host.DisposeAsync();
            called.SetResult();
            return true;
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        await Soon(called.Task);
        Assert.Equal(0, fixture.Device.Served);
    }

    // Whatever ends the open in its midst: its device is told, not waited for, and what it says then means nothing.
    [Theory]
    [InlineData("unload")]
    [InlineData("contact")]
    [InlineData("reset")]
    [InlineData("revoke")]
    [InlineData("dispose")]
    public async Task An_open_that_ends_while_its_device_is_asked_leaves_nothing_behind(string end)
    {
        await using DeviceFixture fixture = await StartAsync();
        var late = new TaskCompletionSource<bool>();
        var told = new TaskCompletionSource();
        fixture.Device.Accept = (_, token) =>
        {
            token.Register(told.SetResult);
            return new(late.Task);
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        Background.Until(() => fixture.Device.Asked == 1, "the question");
        switch (end)
        {
            case "unload":
                await fixture.Guest.UnloadAsync();
                break;
            case "contact":
                fixture.Guest.PostContact();
                await fixture.Guest.NextAsync<VersionResponse>(ChannelMessageType.VersionResponse);
                await fixture.Guest.UnloadAsync();
                break;
            case "reset":
                await Soon(fixture.Host.ResetAsync());
                break;
            case "revoke":
                await Soon(fixture.Offered.RevokeAsync());
                Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
                await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer);
                await fixture.Guest.TearDownAsync(channel);
                fixture.Guest.PostRelease(channel.Relid);
                break;
            default:
                await Soon(fixture.Host.DisposeAsync().AsTask());
                break;
        }
        await Soon(told.Task);
        late.SetResult(true);
        if (end is "unload" or "contact" or "reset")
        {
            await fixture.ConnectAsync();
            fixture.Device.Accept = (_, _) => new(true);
            await fixture.Guest.CloseAsync(await fixture.OpenAsync());
            Assert.Equal(1, fixture.Device.Served);
        }
        else
        {
            Assert.Equal(0, fixture.Device.Served);
        }
        if (end != "dispose")
            await fixture.AssertUnharmedAsync(relids: end == "revoke" ? 1 : 2);
        fixture.NothingFailed();
    }

    [Fact]
    public async Task A_close_in_the_midst_of_an_open_is_not_taken_and_the_open_goes_on()
    {
        await using DeviceFixture fixture = await StartAsync();
        var answer = new TaskCompletionSource<bool>();
        fixture.Device.Accept = (_, _) => new(answer.Task);
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        long faults = (await fixture.Host.GetStatisticsAsync()).Faults;
        fixture.Guest.PostOpen(channel);
        fixture.Guest.PostClose(channel.Relid);
        fixture.Guest.PostRelease(channel.Relid);
        Assert.Equal(faults + 2, (await fixture.Host.GetStatisticsAsync()).Faults);
        // Its rings' memory is kept until the open has ended.
        fixture.Guest.PostTeardown(channel);
        answer.SetResult(true);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenResultAsync());
        Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.GpadlTorndown));
        fixture.Guest.PostClose(channel.Relid);
        await fixture.Guest.NextAsync<GpadlTorndown>(ChannelMessageType.GpadlTorndown);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_yes_that_crosses_the_end_of_its_open_is_no_answer_to_the_next()
    {
        var observer = new ScriptedObserver();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Observer = observer });
        TaskCompletionSource<bool> first = new(), second = new();
        fixture.Device.Accept = (_, _) => new(fixture.Device.Asked == 1 ? first.Task : second.Task);
        await fixture.CloseSparedAsync();
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        Background.Until(() => fixture.Device.Asked == 1, "the question");

        // In one go of the bus's loop the answer to the first comes in, the guest leaves, and comes back up to the same open.
        observer.Act = (_, type) =>
        {
            switch (type)
            {
                case ChannelMessageType.RelidReleased:
                    first.SetResult(true);
                    fixture.Guest.PostUnload();
                    break;
                case ChannelMessageType.UnloadResponse:
                    fixture.Guest.PostContact();
                    break;
                case ChannelMessageType.VersionResponse:
                    fixture.Guest.Post(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
                    break;
                case ChannelMessageType.AllOffersDelivered:
                    foreach (byte[] message in GpadlMessages.Encode(channel.Relid, channel.Gpadl, [GpadlRange.OfPages(channel.Rings.PageFrames)]))
                        fixture.Guest.Post(message);
                    break;
                case ChannelMessageType.GpadlCreated:
                    fixture.Guest.PostOpen(channel);
                    break;
            }
        };
        fixture.Guest.PostRelease(999);
        Background.Until(() => fixture.Device.Asked == 2, "the second question");
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).OpenChannels);
        Assert.Equal((0, 0), (fixture.Device.Served, fixture.Guest.Count(ChannelMessageType.OpenChannelResult)));
        second.SetResult(false);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        Assert.Equal(0, fixture.Device.Served);
    }

    [Fact]
    public async Task A_bus_that_is_saved_in_the_midst_of_an_open_asks_again_after_the_restore()
    {
        await using DeviceFixture fixture = await StartAsync();
        var never = new TaskCompletionSource<bool>();
        CancellationToken told = default;
        fixture.Device.Accept = (_, token) =>
        {
            told = token;
            return new(never.Task);
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        fixture.Guest.PostOpen(channel);
        Background.Until(() => fixture.Device.Asked == 1, "the question");
        byte[] state = await fixture.Machine.SaveHostAsync().WaitAsync(Patience.Limit, Token);
        Background.Until(() => told.IsCancellationRequested, "the token");
        HostBus next = fixture.Machine.RestoreHost(state);
        fixture.Device.Accept = (_, _) => new(true);
        await next.OfferAsync(PlayedOffer, fixture.Device);
        await next.OfferAsync(SparedOffer, new Bus.EchoDevice());
        await next.CompleteRestoreAsync();
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenResultAsync());
        Assert.Equal(2, fixture.Device.Asked);
        never.SetResult(true);
        await fixture.Guest.CloseAsync(channel);
        await fixture.AssertUnharmedAsync();
    }

    private sealed class ScriptedObserver : IMessageObserver
    {
        public Action<MessageDirection, ChannelMessageType> Act { get; set; } = static (_, _) => { };

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault) =>
            Act(direction, (ChannelMessageType)message[0]);
    }
}

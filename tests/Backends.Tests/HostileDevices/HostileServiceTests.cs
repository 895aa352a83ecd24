using VmBus.Backends.Tests.Bus;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Pipes;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Services that end as they must not, never end, or call the bus they are part of.</summary>
public sealed class HostileServiceTests
{
    [Theory]
    [InlineData("throws at once")]
    [InlineData("throws later")]
    [InlineData("returns at once")]
    [InlineData("returns later")]
    public async Task A_service_that_ends_while_the_guest_has_the_channel_takes_its_offer_with_it(string how)
    {
        await using DeviceFixture fixture = await StartAsync();
        var thrown = new IOException("The disk is gone.");
        fixture.Device.Serve = how switch
        {
            "throws at once" => (_, _) => throw thrown,
            "returns at once" => (_, _) => Task.CompletedTask,
            "throws later" => ThrowLaterAsync,
            _ => async (_, _) => await Task.Yield(),
        };
        WireChannel channel = await fixture.OpenAsync();
        Assert.Equal(channel.Relid, (await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer)).ChildRelid);
        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.Serve, fixture.Offered), (failed.Operation, failed.Channel));
        Assert.Same(failed.Exception, fixture.Offered.Failure);
        if (how.StartsWith("throws", StringComparison.Ordinal))
            Assert.Same(thrown, failed.Exception);
        else
            Assert.Contains("ended while the guest has it open", Assert.IsType<DeviceFaultException>(failed.Exception).Message, StringComparison.Ordinal);
        Assert.True(fixture.Offered.IsRevoked);
        Assert.Equal(1, (await fixture.Host.GetStatisticsAsync()).DeviceFailures);
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync(relids: 2);
        fixture.Guest.PostRelease(channel.Relid);
        await fixture.AssertUnharmedAsync(relids: 1);

        // The author may offer it again.
        fixture.Device.Serve = static (_, closing) => Task.Delay(Timeout.Infinite, closing);
        await Soon(fixture.Host.OfferAsync(PlayedOffer, fixture.Device));
        OfferChannel again = await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
        WireChannel reopened = await fixture.Guest.ShareRingsAsync(again);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(reopened));
        await fixture.Guest.CloseAsync(reopened);
        await fixture.AssertUnharmedAsync();

        async Task ThrowLaterAsync(DeviceContext served, CancellationToken closing)
        {
            await Task.Yield();
            throw thrown;
        }
    }

    [Fact]
    public async Task A_device_whose_offer_is_taken_back_reaches_nothing_the_guest_has_shown_it()
    {
        await using DeviceFixture fixture = await StartAsync();
        var served = new TaskCompletionSource<DeviceContext>();
        fixture.Device.Serve = (context, closing) =>
        {
            served.SetResult(context);
            return Task.Delay(Timeout.Infinite, closing);
        };
        WireChannel channel = await fixture.OpenAsync();
        DeviceContext device = await Soon(served.Task);
        byte[] bytes = new byte[8];
        Assert.Equal(4 * 4096, device.GetGpadlLength(channel.Gpadl));
        Assert.True(device.TryReadGpadl(channel.Gpadl, 4096, bytes));
        await Soon(fixture.Offered.RevokeAsync());
        Assert.Null(device.GetGpadlLength(channel.Gpadl));
        Assert.False(device.TryReadGpadl(channel.Gpadl, 4096, bytes));
        Assert.False(device.TryWriteGpadl(channel.Gpadl, 4096, bytes));
        await fixture.Guest.TearDownAsync(channel);
        fixture.Guest.PostRelease(channel.Relid);
        await fixture.AssertUnharmedAsync(relids: 1);
    }

    // The ring holds 4096 bytes, and one who waits for room needs one byte more than it asks for.
    [Theory]
    [InlineData(4088u, true)]
    [InlineData(4096u, false)]
    public async Task A_guest_that_waits_for_room_it_has_is_signalled_once_more_after_its_open(uint wanted, bool isSignalled)
    {
        await using DeviceFixture fixture = await StartAsync();
        WireChannel channel = await fixture.OpenAsync();
        using ISignalGate gate = fixture.Machine.Platform.CreateGate();
        using IDisposable route = fixture.Machine.Platform.RouteEvents(channel.Relid, gate);
        channel.Rings.Outgoing.Control.StorePendingSendSize(wanted);
        fixture.Clock.Advance(TimeSpan.FromMilliseconds(100) - TimeSpan.FromTicks(1));
        Assert.False(gate.Wait(TimeSpan.Zero, Token));
        fixture.Clock.Advance(TimeSpan.FromTicks(1));
        await fixture.Host.GetStatisticsAsync();
        Assert.Equal(isSignalled, gate.Wait(TimeSpan.Zero, Token));
        await fixture.Guest.CloseAsync(channel);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_guest_that_waits_learns_of_the_end_of_a_service(bool throws)
    {
        await using var fixture = new BusFixture();
        var end = new TaskCompletionSource();
        var device = new ScriptedDevice
        {
            Serve = async (_, _) =>
            {
                await end.Task;
                if (throws)
                    throw new IOException("The disk is gone.");
            },
        };
        await fixture.Host.OfferAsync(Bus.EchoDevice.Offer(1), device);
        await using GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        Task<bool> waiting = channel.Channel.WaitToReadAsync(Token).AsTask();
        end.SetResult();
        await Soon(waiting);
        Assert.False(await waiting);
        Assert.Equal($"The host rescinded channel {offer.Relid}.", channel.Channel.DisconnectReason);
    }

    // Law: whoever closes, a service that goes on regardless costs the others the time it is given and no more.
    [Theory]
    [InlineData("close")]
    [InlineData("unload")]
    [InlineData("contact")]
    [InlineData("reset")]
    [InlineData("revoke")]
    [InlineData("dispose")]
    [InlineData("save")]
    public async Task A_service_that_ignores_its_token_loses_its_channel_when_its_time_is_over(string end)
    {
        await using DeviceFixture fixture = await StartAsync();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? waits = null;
        fixture.Device.Serve = (channel, _) =>
        {
            waits = WaitAsync();
            return waits;

            async Task WaitAsync()
            {
                await goOn.Task;
                await channel.Channel.WaitToReadAsync(CancellationToken.None);
            }
        };
        WireChannel channel = await fixture.OpenAsync();
        Background.Until(() => fixture.Device.Served == 1 && waits is not null, "the service");
        byte[]? state = null;
        Task ended = end switch
        {
            "close" => fixture.Guest.CloseAsync(channel),
            "unload" => fixture.Guest.UnloadAsync(),
            "contact" => ContactAsync(),
            "reset" => fixture.Host.ResetAsync(),
            "revoke" => fixture.Offered.RevokeAsync(),
            "dispose" => fixture.Host.DisposeAsync().AsTask(),
            _ => SaveAsync(),
        };
        // The echo ends at once, but on a time of its own.
        if (end is not ("close" or "revoke"))
            Background.Until(() => fixture.Spared.Serving == 0, "the echo's end");
        fixture.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        if (end is not ("dispose" or "save"))
            Assert.Equal((0, 0), ((await fixture.Host.GetStatisticsAsync()).LostServices, (await fixture.Host.GetStatisticsAsync()).DeviceFailures));
        Assert.False(ended.IsCompleted);
        Background.Until(() =>
        {
            // The close may be on its way only now, and its time with it.
            fixture.Clock.Advance(TimeSpan.FromSeconds(5));
            Thread.Sleep(1);
            return ended.IsCompleted;
        }, end);
        await ended;

        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.Close, fixture.Offered), (failed.Operation, failed.Channel));
        Assert.Contains("did not end within 5 s", Assert.IsType<DeviceFaultException>(failed.Exception).Message, StringComparison.Ordinal);
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((1, 1), (now.LostServices, now.DeviceFailures));
        // Its rings stay mapped for as long as it may touch them; the guest's own are two a channel.
        int ofEcho = end is "close" or "revoke" ? 2 : 0;
        Assert.Equal(2 * fixture.Guest.MappedChannels + ofEcho + 2, fixture.Machine.GuestPartition.Memory.MappedRings);
        goOn.SetResult();
        // What it does with the channel from then on throws.
        Exception late = await Assert.ThrowsAnyAsync<Exception>(() => Soon(waits!));
        Assert.True(late is ObjectDisposedException or PeerDisconnectedException, late.ToString());
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().LostServices == 0, "the service's end");
        switch (end)
        {
            case "close":
                await fixture.AssertUnharmedAsync();
                break;
            case "unload" or "reset":
                fixture.Device.Serve = static (_, closing) => Task.Delay(Timeout.Infinite, closing);
                await fixture.ConnectAsync();
                await fixture.Guest.CloseAsync(await fixture.OpenAsync());
                await fixture.AssertUnharmedAsync();
                break;
            case "save":
                fixture.Device.Serve = static (_, closing) => Task.Delay(Timeout.Infinite, closing);
                HostBus next = fixture.Machine.RestoreHost(state!);
                await next.OfferAsync(PlayedOffer, fixture.Device);
                await next.OfferAsync(SparedOffer, new Bus.EchoDevice());
                await next.CompleteRestoreAsync();
                await fixture.Guest.CloseAsync(channel);
                await fixture.AssertUnharmedAsync();
                break;
        }

        async Task ContactAsync()
        {
            fixture.Guest.PostContact();
            await fixture.Guest.NextAsync<VersionResponse>(ChannelMessageType.VersionResponse);
        }

        async Task SaveAsync()
        {
            state = await fixture.Host.SaveAsync();
            await fixture.Host.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("revoke")]
    [InlineData("reset")]
    [InlineData("dispose")]
    public async Task A_service_may_end_its_own_offer_and_its_bus_and_is_not_waited_for(string what)
    {
        await using DeviceFixture fixture = await StartAsync();
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Device.Serve = async (_, closing) =>
        {
            try
            {
                // The deepest that can be: a service that waits, blocking, for what waits for it.
                if (what == "revoke")
                    await fixture.Offered.RevokeAsync();
                else if (what == "reset")
                    await fixture.Host.ResetAsync();
                else
                    await fixture.Host.DisposeAsync();
                Assert.True(closing.IsCancellationRequested);
                called.SetResult();
            }
            catch (Exception failure)
            {
                called.SetException(failure);
            }
        };
        WireChannel channel = await fixture.OpenAsync();
        await Soon(called.Task);
        if (what == "revoke")
        {
            await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer);
            await fixture.Guest.TearDownAsync(channel);
            fixture.Guest.PostRelease(channel.Relid);
            await fixture.AssertUnharmedAsync(relids: 1);
        }
        else if (what == "reset")
        {
            // Whoever else resets waits for all of it.
            await Soon(fixture.Host.ResetAsync());
            await fixture.ConnectAsync();
            await fixture.AssertUnharmedAsync();
        }
        else
        {
            await Soon(fixture.Host.DisposeAsync().AsTask());
            Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).OpenChannels);
        }
        fixture.NothingFailed();
    }

    [Fact]
    public async Task What_a_service_has_left_behind_waits_for_the_bus_like_any_other_code()
    {
        await using DeviceFixture fixture = await StartAsync();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int>? left = null;
        fixture.Device.Serve = (_, closing) =>
        {
            left = Task.Run(async () =>
            {
                await goOn.Task;
                await fixture.Host.DisposeAsync();
                return fixture.Spared.Serving;
            }, CancellationToken.None);
            return Task.Delay(Timeout.Infinite, closing);
        };
        await fixture.Guest.CloseAsync(await fixture.OpenAsync());
        goOn.SetResult();
        Assert.Equal(0, await Soon(left!));
    }

    [Fact]
    public async Task A_service_that_offers_its_own_name_again_before_it_has_ended_is_told_why_it_cannot()
    {
        await using DeviceFixture fixture = await StartAsync();
        var said = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Device.Serve = async (_, _) =>
        {
            await fixture.Offered.RevokeAsync();
            said.SetResult(await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Host.OfferAsync(PlayedOffer, fixture.Device)));
        };
        WireChannel channel = await fixture.OpenAsync();
        Assert.Contains("the caller is that service", (await said.Task.WaitAsync(Patience.Limit, Token)).Message, StringComparison.Ordinal);
        await fixture.Guest.TearDownAsync(channel);
        fixture.Guest.PostRelease(channel.Relid);
        await fixture.AssertUnharmedAsync(relids: 1);
    }

    [Fact]
    public async Task What_a_service_does_when_its_token_is_cancelled_is_done_off_the_bus_and_told_when_it_throws()
    {
        await using DeviceFixture fixture = await StartAsync();
        fixture.Device.Serve = async (_, closing) =>
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration end = closing.Register(ended.SetResult);
            // Callbacks run in reverse order: this one first, and it waits for the bus.
            await using CancellationTokenRegistration hostile = closing.Register(() =>
            {
                Assert.Equal(2, fixture.Host.GetStatisticsAsync().WaitAsync(Patience.Limit).GetAwaiter().GetResult().Relids);
                throw new IOException("not now");
            });
            await ended.Task;
        };
        WireChannel channel = await fixture.OpenAsync();
        Background.Until(() => fixture.Device.Served == 1, "the service");
        await Soon(fixture.Guest.CloseAsync(channel));
        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.Close, "not now"), (failed.Operation, failed.Exception.Message));
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_service_that_fails_to_clean_up_after_a_close_is_told_and_the_close_goes_on()
    {
        await using DeviceFixture fixture = await StartAsync();
        fixture.Device.Serve = async (_, closing) =>
        {
            await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new IOException("The file could not be flushed.");
        };
        await fixture.Guest.CloseAsync(await fixture.OpenAsync());
        Assert.Equal((DeviceOperation.Close, "The file could not be flushed."), (fixture.NextFailure().Operation, fixture.Offered.Failure!.Message));
        Assert.False(fixture.Offered.IsRevoked);
        await fixture.AssertUnharmedAsync();
    }

    // The gate closes and the token is cancelled at once: whichever a service sees first, it is a close.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_close_is_no_failure_of_a_service_that_waits_without_its_token(bool throws)
    {
        await using DeviceFixture fixture = await StartAsync();
        fixture.Device.Serve = async (channel, _) =>
        {
            while (await channel.Channel.WaitToReadAsync(CancellationToken.None))
            {
            }
            if (throws)
                throw new PeerDisconnectedException("The guest is gone.");
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        for (int round = 1; round <= 300; round++)
        {
            Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(channel));
            fixture.Guest.PostClose(channel.Relid);
            Background.Until(() => !fixture.Offered.IsOpen && fixture.Device.Served == round, "the close");
            Assert.Null(fixture.Offered.Failure);
        }
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();
        fixture.NothingFailed();
    }

    [Fact]
    public async Task A_guest_that_breaks_its_own_ring_keeps_the_offer_and_opens_anew()
    {
        await using DeviceFixture fixture = await StartAsync();
        fixture.Device.Serve = async (channel, closing) =>
        {
            while (await channel.Channel.WaitToReadAsync(closing))
            {
            }
        };
        WireChannel channel = await fixture.OpenAsync();
        fixture.Guest.BreakRing(channel);
        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal(DeviceOperation.Serve, failed.Operation);
        Assert.IsType<VmBus.RingCorruptException>(failed.Exception);
        Assert.False(fixture.Offered.IsRevoked);
        await fixture.Guest.CloseAsync(channel);
        await fixture.Guest.CloseAsync(await fixture.OpenAsync());
        Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.RescindOffer));
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_guest_that_breaks_its_own_pipe_keeps_the_offer()
    {
        await using DeviceFixture fixture = await StartAsync();
        fixture.Device.Serve = static async (_, _) =>
        {
            await Task.Yield();
            throw new PipeCorruptException(PipeFault.UnknownType, 9, 2, 0);
        };
        WireChannel channel = await fixture.OpenAsync();
        Assert.IsType<PipeCorruptException>(fixture.NextFailure().Exception);
        Assert.False(fixture.Offered.IsRevoked);
        await fixture.Guest.CloseAsync(channel);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task The_same_may_be_offered_again_at_once_while_the_old_one_is_taken_back()
    {
        await using DeviceFixture fixture = await StartAsync();
        var end = new TaskCompletionSource();
        fixture.Device.Serve = (_, _) => end.Task;
        WireChannel channel = await fixture.OpenAsync();
        Task revoked = fixture.Offered.RevokeAsync();
        Task<OfferedChannel> again = fixture.Host.OfferAsync(PlayedOffer, new Bus.EchoDevice());
        Task<OfferedChannel> third = fixture.Host.OfferAsync(PlayedOffer, new Bus.EchoDevice());
        Assert.False(revoked.IsCompleted || again.IsCompleted);
        end.SetResult();
        await Soon(Task.WhenAny(again, third));
        // Of two that waited one is offered, and the other is told that it is.
        await Soon(Task.WhenAll(again, third).ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default));
        OfferedChannel next = await (again.IsCompletedSuccessfully ? again : third);
        await Assert.ThrowsAsync<InvalidOperationException>(() => again.IsCompletedSuccessfully ? third : again);

        // The guest sees it when it has released the old one.
        await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer);
        await fixture.Guest.TearDownAsync(channel);
        Assert.Null(next.Relid);
        Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.OfferChannel));
        fixture.Guest.PostRelease(channel.Relid);
        WireChannel reopened = await fixture.Guest.ShareRingsAsync(await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel));
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(reopened));
        fixture.Guest.Ping(reopened);
        await fixture.Guest.CloseAsync(reopened);
        await fixture.AssertUnharmedAsync();
    }
}

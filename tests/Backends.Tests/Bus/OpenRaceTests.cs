using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Opens that time out, or meet a revoke, a dispose or a cancellation: what the caller hears, and what is left.</summary>
public sealed class OpenRaceTests
{
    private static CancellationToken Token => BusFixture.Token;

    [Theory]
    [InlineData(ChannelMessageType.GpadlCreated, "accept the rings of channel 1")]
    [InlineData(ChannelMessageType.OpenChannelResult, "open channel 1")]
    internal async Task An_open_that_times_out_says_what_was_asked_and_for_how_long_and_frees_its_rings_with_the_late_answer(ChannelMessageType late, string asked)
    {
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        (int, int) before = Memory(fixture);

        platform.Hold(late);
        Task<GuestChannel> opening = bus.OpenChannelAsync(offer, cancellationToken: Token);
        Background.Until(() => platform.IsHolding, "the host's answer");
        clock.Advance(TimeSpan.FromSeconds(30));
        GuestBusException timedOut = await Assert.ThrowsAsync<GuestBusException>(() => opening.WaitAsync(Patience.Limit, Token));
        Assert.Equal(RequestOutcome.TimedOut, timedOut.Result!.Value.Outcome);
        Assert.Contains(asked, timedOut.Message, StringComparison.Ordinal);
        Assert.Contains("30 s", timedOut.Message, StringComparison.Ordinal);
        Assert.Equal(2, fixture.Machine.GuestPartition.Memory.MappedRings - (late == ChannelMessageType.OpenChannelResult ? 2 : 0));

        platform.Release();
        Background.Until(() => Memory(fixture) == before, "the rings to be freed");
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 3);
    }

    [Theory]
    [InlineData(ChannelMessageType.GpadlCreated)]
    [InlineData(ChannelMessageType.OpenChannelResult)]
    internal async Task The_rings_of_an_open_that_was_never_answered_are_freed_with_the_connection(ChannelMessageType never)
    {
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        (int, int) before = Memory(fixture);
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
        platform.Hold(never);
        Task<GuestChannel> opening = bus.OpenChannelAsync(offer, cancellationToken: Token);
        Background.Until(() => platform.IsHolding, "the host's answer");
        clock.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<GuestBusException>(() => opening.WaitAsync(Patience.Limit, Token));
        platform.Release(dropsFirst: true);
        await bus.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        Assert.Equal(before, Memory(fixture));
    }

    [Fact]
    public async Task Opens_that_race_a_revoke_end_open_or_refused_and_leave_nothing()
    {
        await using var fixture = new BusFixture();
        var device = new EchoDevice();
        await using GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        (int, int) before = Memory(fixture);
        int opened = 0;
        for (int round = 0; round < 300; round++)
        {
            OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(round), device);
            Background.Until(() => offered.Relid is not null, "the offer");
            GuestOffer offer = Assert.Single(await bus.GetOffersAsync());
            using var start = new Barrier(2);
            // By turns either has a head start, up to what a whole open or revoke takes.
            int lead = (round % 2 == 0 ? 20 : -20) * (round % 50);
            Task<GuestChannel> opening = Task.Run(() =>
            {
                start.SignalAndWait(Token);
                Spin(-lead);
                return bus.OpenChannelAsync(offer, cancellationToken: Token);
            }, Token);
            Task revoking = Task.Run(() =>
            {
                start.SignalAndWait(Token);
                Spin(lead);
                return offered.RevokeAsync();
            }, Token);
            try
            {
                await using GuestChannel channel = await opening.WaitAsync(Patience.Limit, Token);
                opened++;
            }
            catch (GuestBusException refused)
            {
                Assert.True(refused.Result is { Outcome: RequestOutcome.Rescinded or RequestOutcome.Completed }, refused.Message);
            }
            catch (InvalidOperationException late) when (late.Message.Contains("no longer offered", StringComparison.Ordinal))
            {
                // The revoke came first.
            }
            await revoking.WaitAsync(Patience.Limit, Token);
            Background.Until(() => Memory(fixture) == before && fixture.Host.GetStatisticsAsync().Result is { Relids: 0, Gpadls: 0 }, $"what round {round} took");
        }
        Assert.InRange(opened, 1, 299);

        static void Spin(int times)
        {
            for (; times > 0; times--)
                Thread.SpinWait(10);
        }
    }

    [Fact]
    public async Task Opens_that_race_a_dispose_of_the_bus_leave_nothing()
    {
        await using var fixture = new BusFixture();
        using var unobserved = new UnobservedExceptions();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        (int, int) before = Memory(fixture);
        for (int round = 0; round < 200; round++)
        {
            GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            using var start = new Barrier(2);
            Task<GuestChannel> opening = Task.Run(() =>
            {
                start.SignalAndWait(Token);
                return bus.OpenChannelAsync(offer, cancellationToken: Token);
            }, Token);
            Task disposing = Task.Run(() =>
            {
                start.SignalAndWait(Token);
                for (int spins = round % 50 * 20; spins > 0; spins--)
                    Thread.SpinWait(10);
                return bus.DisposeAsync().AsTask();
            }, Token);
            try
            {
                await using GuestChannel channel = await opening.WaitAsync(Patience.Limit, Token);
            }
            catch (Exception ended) when (ended is GuestBusException or ObjectDisposedException)
            {
                // The dispose came first, or in the middle.
            }
            await disposing.WaitAsync(Patience.Limit, Token);
            Assert.Equal(before, Memory(fixture));
        }
        unobserved.AssertNone();
    }

    [Fact]
    public async Task A_cancelled_open_whose_channel_is_revoked_leaves_no_unobserved_exception()
    {
        using var unobserved = new UnobservedExceptions();
        await using (var fixture = new BusFixture())
        {
            OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            var platform = new HoldingPlatform(fixture.Machine.Platform);
            await using GuestBus bus = await GuestBus.ConnectAsync(platform, cancellationToken: Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            (int, int) before = Memory(fixture);
            platform.Hold(ChannelMessageType.GpadlCreated);
            using var cancel = new CancellationTokenSource();
            Task<GuestChannel> opening = bus.OpenChannelAsync(offer, cancellationToken: cancel.Token);
            Background.Until(() => platform.IsHolding, "the host's answer");
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(Patience.Limit, Token));
            await offered.RevokeAsync();
            platform.Release();
            Background.Until(() => Memory(fixture) == before && fixture.Host.GetStatisticsAsync().Result.Relids == 0, "the rings and the relid");
        }
        unobserved.AssertNone();
    }

    [Fact]
    public async Task An_exception_of_the_users_is_not_masked_by_what_it_leaves_open()
    {
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(async () =>
        {
            await using var machine = new InMemoryMachine();
            await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(Token));
            await bus.OpenChannelAsync(offer, cancellationToken: Token);
            throw new TimeoutException("the user's");
        });
        Assert.Equal("the user's", thrown.Message);
    }

    private static (int Pages, int Rings) Memory(BusFixture fixture) =>
        (fixture.Machine.GuestPartition.Memory.AllocatedPages, fixture.Machine.GuestPartition.Memory.MappedRings);
}

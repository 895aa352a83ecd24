using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>
/// The law: at whichever answer of the host a call of the guest waits, and however the wait ends, nothing is left behind: no
/// page, mapping, GPADL, relid, gate or route, and no exception unseen. Where the connection goes on, it works as before.
/// </summary>
public sealed class InterruptedStepTests
{
    public enum Step
    {
        Offers,
        Gpadl,
        Open,
        ReservedOpen,
        Retarget,
        Close,
        ReservedClose,
        Pause,
        Monitors,
        Transport,
    }

    public enum Interruption
    {
        /// <summary>The caller gives up, and the host answers later.</summary>
        Cancel,

        /// <summary>The host answers only when the time is up.</summary>
        Silence,

        /// <summary>The host takes the channel back behind its answer.</summary>
        Revoke,

        /// <summary>The host takes the channel back and never answers.</summary>
        RevokeInstead,

        /// <summary>The connection is disposed.</summary>
        Dispose,

        /// <summary>The guest is reset.</summary>
        Abandon,
    }

    private static CancellationToken Token => BusFixture.Token;

    public static TheoryData<Step, Interruption> Cases()
    {
        var cases = new TheoryData<Step, Interruption>();
        foreach (Step step in Enum.GetValues<Step>())
        {
            foreach (Interruption interruption in Enum.GetValues<Interruption>())
            {
                bool isRevoke = interruption is Interruption.Revoke or Interruption.RevokeInstead;
                if (!isRevoke || step is not (Step.Offers or Step.Pause or Step.Monitors or Step.Transport))
                    cases.Add(step, interruption);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_step_that_is_interrupted_leaves_nothing_behind(Step step, Interruption interruption)
    {
        using var unobserved = new UnobservedExceptions();
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture(new() { GuestVpCount = 2, Host = new HostBusOptions { TransportConnect = (_, _) => ValueTask.FromResult(false) } });
        var device = new EchoDevice();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
        await fixture.Host.OfferAsync(EchoDevice.Offer(2), device);
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        Counts unconnected = await CountAsync(fixture, platform);
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        GuestOffer? offer = step == Step.Offers ? null : (await bus.RequestOffersAsync(Token))[0];
        Counts before = await CountAsync(fixture, platform) with { Relids = 2 };
        bool isReserved = step is Step.ReservedOpen or Step.ReservedClose;
        bool needsChannel = step is Step.Retarget or Step.Close or Step.ReservedClose;
        GuestChannel? channel = needsChannel ? await bus.OpenChannelAsync(offer!, new GuestChannelOptions { IsReserved = isReserved }, Token) : null;

        platform.Hold(Answer(step));
        using var cancel = new CancellationTokenSource();
        Task pending = Begin(step, bus, offer, channel, cancel.Token);
        Background.Until(() => platform.IsHolding, "the host's answer");
        Assert.False(pending.IsCompleted);
        switch (interruption)
        {
            case Interruption.Cancel:
                await cancel.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.WaitAsync(Patience.Limit, Token));
                platform.Release();
                break;
            case Interruption.Silence:
                clock.Advance(TimeSpan.FromSeconds(30));
                GuestBusException timedOut = await Assert.ThrowsAsync<GuestBusException>(() => pending.WaitAsync(Patience.Limit, Token));
                Assert.Equal(RequestOutcome.TimedOut, timedOut.Result!.Value.Outcome);
                Assert.Contains("30 s", timedOut.Message, StringComparison.Ordinal);
                platform.Release();
                break;
            case Interruption.Revoke or Interruption.RevokeInstead:
                await offered.RevokeAsync().WaitAsync(Patience.Limit, Token);
                platform.Release(dropsFirst: interruption == Interruption.RevokeInstead);
                if (await EndOf(pending) is { } revoked)
                    Assert.Equal(RequestOutcome.Rescinded, Assert.IsType<GuestBusException>(revoked).Result!.Value.Outcome);
                else if (step == Step.Open)
                    channel = await (Task<GuestChannel>)pending;
                else if (step == Step.ReservedOpen)
                    channel = await (Task<GuestChannel>)pending;
                break;
            case Interruption.Dispose:
                Task disposing = bus.DisposeAsync().AsTask();
                platform.Release();
                await disposing.WaitAsync(Patience.Limit, Token);
                Assert.True(await EndOf(pending) is null or GuestBusException or ObjectDisposedException);
                break;
            default:
                await fixture.Host.ResetAsync().WaitAsync(Patience.Limit, Token);
                await bus.AbandonAsync(Token).WaitAsync(Patience.Limit, Token);
                Assert.True(await EndOf(pending) is null or GuestBusException);
                break;
        }

        if (interruption is not (Interruption.Dispose or Interruption.Abandon))
        {
            if (channel is not null)
                await channel.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
            bool isRevoked = interruption is Interruption.Revoke or Interruption.RevokeInstead;
            await UntilAsync(fixture, platform, isRevoked ? before with { Relids = 1 } : before);
            if (isRevoked)
                await fixture.Host.OfferAsync(EchoDevice.Offer(1), device);
            await UseAsync(bus);
            await UntilAsync(fixture, platform, before);
            await bus.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        }

        await bus.DisposeAsync();
        await UntilAsync(fixture, platform, unconnected);
        Assert.Null(bus.Failure);
        unobserved.AssertNone();
    }

    [Fact]
    public async Task A_connect_that_is_cancelled_ends_at_once_and_the_next_waits_until_the_host_has_forgotten_it()
    {
        using var unobserved = new UnobservedExceptions();
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await fixture.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        Counts before = await CountAsync(fixture, platform);
        platform.Hold(ChannelMessageType.VersionResponse);
        using var cancel = new CancellationTokenSource();
        Task<GuestBus> connecting = GuestBus.ConnectAsync(platform, cancellationToken: cancel.Token);
        Background.Until(() => platform.IsHolding, "the host's answer");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Patience.Limit, Token));

        Task<GuestBus> next = GuestBus.ConnectAsync(platform, cancellationToken: Token);
        Assert.False(next.IsCompleted);
        platform.Release();
        GuestBus bus = await next.WaitAsync(Patience.Limit, Token);
        await UseAsync(bus);
        await bus.DisposeAsync();
        await UntilAsync(fixture, platform, before);
        unobserved.AssertNone();
    }

    [Fact]
    public async Task A_connect_that_is_not_answered_says_so_and_leaves_its_pages_to_the_host_that_may_still_write_to_them()
    {
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture();
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        int before = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        platform.Hold(ChannelMessageType.VersionResponse);
        Task<GuestBus> connecting = GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        Background.Until(() => platform.IsHolding, "the host's answer");
        clock.Advance(TimeSpan.FromSeconds(30));
        GuestBusException timedOut = await Assert.ThrowsAsync<GuestBusException>(() => connecting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(ConnectFailure.Timeout, timedOut.ConnectFailure);
        Assert.Contains("30 s", timedOut.Message, StringComparison.Ordinal);
        Assert.Equal(before + 3, fixture.Machine.GuestPartition.Memory.AllocatedPages);
        platform.Release();
        fixture.Machine.GuestPartition.Memory.FreePages((ulong)(before + 1) * 4096, 3);
        await using GuestBus bus = await GuestBus.ConnectAsync(platform, cancellationToken: Token);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_the_unload_keeps_the_pages_and_no_mapping_is_left()
    {
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        int before = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), new GuestChannelOptions { OutgoingSize = 4096, IncomingSize = 4096 }, Token);
        platform.Hold(ChannelMessageType.GpadlTorndown);
        Task disposing = bus.DisposeAsync().AsTask();
        Background.Until(() => platform.IsHolding, "the host's answer");
        while (!disposing.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(1, Token);
        }
        await disposing;
        Assert.Equal(before + 3 + 4, fixture.Machine.GuestPartition.Memory.AllocatedPages);
        Assert.Equal((0, 0), platform.Live);
        await fixture.Host.ResetAsync();
        Assert.Equal(0, fixture.Machine.GuestPartition.Memory.MappedRings);
        await Assert.ThrowsAsync<GuestBusException>(() => channel.CloseAsync(Token));
        fixture.Machine.GuestPartition.Memory.FreePages((ulong)(before + 1) * 4096, 7);
    }

    [Fact]
    public async Task Rings_of_a_reserved_channel_whose_close_is_not_answered_stay_the_hosts_beyond_the_unload()
    {
        var clock = new FakeTimeProvider();
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        int before = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        GuestBus bus = await GuestBus.ConnectAsync(platform, new GuestBusOptions { Clock = clock }, Token);
        var options = new GuestChannelOptions { OutgoingSize = 4096, IncomingSize = 4096, IsReserved = true };
        await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), options, Token);
        platform.Hold(ChannelMessageType.CloseReservedChannelResponse);
        Task disposing = bus.DisposeAsync().AsTask();
        Background.Until(() => platform.IsHolding, "the host's answer");
        clock.Advance(TimeSpan.FromSeconds(30));
        Background.Until(() => fixture.Host.State == HostState.Disconnected, "the unload");
        platform.Release(dropsFirst: true);
        await disposing.WaitAsync(Patience.Limit, Token);
        Assert.Equal((before + 4, 0), (fixture.Machine.GuestPartition.Memory.AllocatedPages, fixture.Machine.GuestPartition.Memory.MappedRings));
        fixture.Machine.GuestPartition.Memory.FreePages((ulong)(before + 1 + 3) * 4096, 4);
    }

    [Fact]
    public async Task An_end_of_a_paused_connection_resumes_it_first()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: Token);
        await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        await bus.PauseAsync(Token);
        await bus.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task An_abandon_ends_a_dispose_that_waits_for_the_host()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        var platform = new HoldingPlatform(fixture.Machine.Platform);
        GuestBus bus = await GuestBus.ConnectAsync(platform, cancellationToken: Token);
        await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        platform.Hold(ChannelMessageType.GpadlTorndown);
        Task disposing = bus.DisposeAsync().AsTask();
        Task again = bus.DisposeAsync().AsTask();
        Background.Until(() => platform.IsHolding, "the host's answer");
        Assert.False(disposing.IsCompleted || again.IsCompleted || bus.Completion.IsCompleted);
        await fixture.Host.ResetAsync();
        await bus.AbandonAsync(Token).WaitAsync(Patience.Limit, Token);
        await disposing.WaitAsync(Patience.Limit, Token);
        await again.WaitAsync(Patience.Limit, Token);
        await bus.Completion.WaitAsync(Patience.Limit, Token);
    }

    private static Task Begin(Step step, GuestBus bus, GuestOffer? offer, GuestChannel? channel, CancellationToken cancellationToken) => step switch
    {
        Step.Offers => bus.RequestOffersAsync(cancellationToken),
        Step.Gpadl or Step.Open => bus.OpenChannelAsync(offer!, cancellationToken: cancellationToken),
        Step.ReservedOpen => bus.OpenChannelAsync(offer!, new GuestChannelOptions { IsReserved = true }, cancellationToken),
        Step.Retarget => bus.RetargetAsync(channel!.Channel, 1, cancellationToken),
        Step.Close or Step.ReservedClose => channel!.CloseAsync(cancellationToken),
        Step.Pause => bus.PauseAsync(cancellationToken),
        Step.Monitors => bus.MoveMonitorPagesAsync(cancellationToken),
        _ => bus.ConnectTransportAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: cancellationToken),
    };

    private static ChannelMessageType Answer(Step step) => step switch
    {
        Step.Offers => ChannelMessageType.AllOffersDelivered,
        Step.Gpadl => ChannelMessageType.GpadlCreated,
        Step.Open or Step.ReservedOpen => ChannelMessageType.OpenChannelResult,
        Step.Retarget => ChannelMessageType.ModifyChannelResponse,
        Step.Close => ChannelMessageType.GpadlTorndown,
        Step.ReservedClose => ChannelMessageType.CloseReservedChannelResponse,
        Step.Pause => ChannelMessageType.PauseResponse,
        Step.Monitors => ChannelMessageType.ModifyConnectionResponse,
        _ => ChannelMessageType.TlConnectResult,
    };

    private static async Task<Exception?> EndOf(Task pending)
    {
        try
        {
            await pending.WaitAsync(Patience.Limit, Token);
            return null;
        }
        catch (Exception end) when (end is not TimeoutException)
        {
            return end;
        }
    }

    // Everything a connection is for, once.
    private static async Task UseAsync(GuestBus bus)
    {
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.Equal(2, offers.Count);
        foreach (GuestOffer offer in offers)
        {
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: Token).WaitAsync(Patience.Limit, Token);
            await BusFixture.PingAsync(channel.Channel, 2);
            await channel.CloseAsync(Token).WaitAsync(Patience.Limit, Token);
        }

        await bus.MoveMonitorPagesAsync(Token).WaitAsync(Patience.Limit, Token);
        await bus.PauseAsync(Token).WaitAsync(Patience.Limit, Token);
        await bus.ResumeAsync(Token);
    }

    private static async Task<Counts> CountAsync(BusFixture fixture, HoldingPlatform platform)
    {
        HostBusStatistics host = await fixture.Host.GetStatisticsAsync();
        GuestPartitionMemory(fixture, out int pages, out int rings);
        return new Counts(pages, rings, host.Gpadls, host.Relids, host.OpenChannels, platform.Live.Gates, platform.Live.Routes);
    }

    private static async Task UntilAsync(BusFixture fixture, HoldingPlatform platform, Counts wanted)
    {
        long started = TimeProvider.System.GetTimestamp();
        Counts now;
        while ((now = await CountAsync(fixture, platform)) != wanted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience.Limit, $"{now} does not become {wanted}.");
            await Task.Yield();
        }
    }

    private static void GuestPartitionMemory(BusFixture fixture, out int pages, out int rings) =>
        (pages, rings) = (fixture.Machine.GuestPartition.Memory.AllocatedPages, fixture.Machine.GuestPartition.Memory.MappedRings);

    private sealed record Counts(int Pages, int Rings, int Gpadls, int Relids, int Open, int Gates, int Routes);
}

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>The integration components of both sides, found and opened as any other channel.</summary>
public sealed class IntegrationTests
{
    [Fact]
    public async Task Every_component_is_found_opened_and_served()
    {
        await using var fixture = new BusFixture();
        var heartbeat = new IntegrationDevice<HeartbeatHost>(() => new HeartbeatHost(period: TimeSpan.FromMilliseconds(5)));
        var time = new IntegrationDevice<TimeSyncHost>(() => new TimeSyncHost(period: TimeSpan.FromMilliseconds(5)));
        var shutdown = new IntegrationDevice<ShutdownHost>(() => new ShutdownHost());
        var pairs = new IntegrationDevice<KvpHost>(() => new KvpHost());
        await fixture.Host.OfferAsync(HeartbeatHost.Offer, heartbeat);
        await fixture.Host.OfferAsync(TimeSyncHost.Offer, time);
        await fixture.Host.OfferAsync(ShutdownHost.Offer, shutdown);
        await fixture.Host.OfferAsync(KvpHost.Offer, pairs);

        await using GuestBus bus = await fixture.ConnectAsync();
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(BusFixture.Token);
        Assert.All(offers, offer => Assert.Equal(PipeMode.Message, offer.PipeMode));
        var acted = new TaskCompletionSource<ShutdownRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = new TimeSyncGuest();
        var services = new List<(GuestChannel Channel, Task Service)>
        {
            await ServeAsync(bus, offers, IntegrationComponentIds.HeartbeatInterface, new HeartbeatGuest()),
            await ServeAsync(bus, offers, IntegrationComponentIds.TimeSyncInterface, clock),
            await ServeAsync(bus, offers, IntegrationComponentIds.ShutdownInterface, new ShutdownGuest(acted.SetResult)),
            await ServeAsync(bus, offers, IntegrationComponentIds.KvpInterface, new KvpGuest(new KvpStore())),
        };

        IntegrationHostService<HeartbeatHost> beating = await Within(heartbeat.Running);
        await UntilAsync(() => beating.Use(host => host.Beats) >= 3);
        IntegrationHostService<TimeSyncHost> telling = await Within(time.Running);
        await UntilAsync(() => telling.Use(host => host.Samples) >= 1 && clock.TryGetHostTime(out _));
        Assert.Equal(IcStatus.Success, (await Within(pairs.UseAsync(host => host.SetAsync(IcKvpPool.External, "name", KvpValue.Of(42u)), BusFixture.Token))).Status);
        Assert.Equal(KvpValue.Of(42u), (await Within(pairs.UseAsync(host => host.GetAsync(IcKvpPool.External, "name"), BusFixture.Token))).Value);
        Assert.Equal(IcStatus.Success, await Within(shutdown.UseAsync(host => host.AskAsync(new ShutdownRequest()), BusFixture.Token)));
        await Within(acted.Task);

        foreach ((GuestChannel channel, Task service) in services)
        {
            await channel.CloseAsync();
            await service.WaitAsync(Patience.Limit, BusFixture.Token);
        }
    }

    [Fact]
    public async Task What_is_asked_after_a_close_is_asked_of_the_component_of_the_next_open()
    {
        await using var fixture = new BusFixture();
        var pairs = new IntegrationDevice<KvpHost>(() => new KvpHost());
        await fixture.Host.OfferAsync(KvpHost.Offer, pairs);
        await using GuestBus bus = await fixture.ConnectAsync();
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(BusFixture.Token);
        for (uint round = 1; round <= 3; round++)
        {
            Task<KvpAnswer> asked = pairs.UseAsync(host => host.SetAsync(IcKvpPool.External, "round", KvpValue.Of(round)), BusFixture.Token);
            (GuestChannel channel, Task service) = await ServeAsync(bus, offers, IntegrationComponentIds.KvpInterface, new KvpGuest(new KvpStore()));
            Assert.Equal(IcStatus.Success, (await Within(asked)).Status);
            await channel.CloseAsync();
            await service.WaitAsync(Patience.Limit, BusFixture.Token);
        }
    }

    private static async Task<(GuestChannel Channel, Task Service)> ServeAsync(GuestBus bus, IReadOnlyList<GuestOffer> offers, Guid type, IntegrationGuest guest)
    {
        GuestChannel channel = await bus.OpenChannelAsync(offers.Single(offer => offer.InterfaceType == type), cancellationToken: BusFixture.Token);
        return (channel, guest.RunAsync(channel.Channel, cancellationToken: BusFixture.Token));
    }

    private static Task<T> Within<T>(Task<T> task) => task.WaitAsync(Patience.Limit, BusFixture.Token);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(5, limit.Token);
    }
}

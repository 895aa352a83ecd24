using VmBus.Guests;
using VmBus.Hosting;

namespace VmBus.Backends.Tests.Bus;

/// <summary>The echo that the product offers.</summary>
public sealed class EchoCountTests
{
    [Fact]
    public async Task A_packet_that_came_back_is_in_the_count_of_the_device()
    {
        await using var fixture = new BusFixture();
        var device = new Devices.EchoDevice();
        await fixture.Host.OfferAsync(Devices.EchoDevice.Offer(), device);
        await using GuestBus bus = await fixture.ConnectAsync();
        await using VmBusChannel channel = await bus.OpenAsync(Assert.Single(await bus.RequestOffersAsync(BusFixture.Token)), cancellationToken: BusFixture.Token);
        for (int sent = 1; sent <= 2000; sent++)
        {
            Assert.True(channel.TrySend([1], new SendOptions { TransactionId = (ulong)sent }));
            // Without a wait: the reader is there before the writer has returned.
            while (!TryTake(channel))
                BusFixture.Token.ThrowIfCancellationRequested();
            Assert.InRange(device.Packets, sent, sent);
        }
    }

    [Fact]
    public async Task An_offer_tells_how_often_its_device_was_woken()
    {
        const int Packets = 100;
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(Devices.EchoDevice.Offer(), new Devices.EchoDevice());
        Assert.Null(offered.Wakeups);
        await using GuestBus bus = await fixture.ConnectAsync();
        await using VmBusChannel channel = await bus.OpenAsync(Assert.Single(await bus.RequestOffersAsync(BusFixture.Token)), cancellationToken: BusFixture.Token);
        long before = offered.Wakeups ?? -1;
        await BusFixture.PingAsync(channel, Packets);
        // Each packet finds the device waiting; where it was about to wait for the first time, one signal more is left of the open.
        Assert.InRange(offered.Wakeups ?? -1, before + Packets, before + Packets + 1);
    }

    private static bool TryTake(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out _))
            return false;
        batch.Commit();
        return true;
    }
}

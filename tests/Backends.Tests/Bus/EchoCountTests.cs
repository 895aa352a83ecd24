using VmBus.Guests;

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

    private static bool TryTake(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out _))
            return false;
        batch.Commit();
        return true;
    }
}

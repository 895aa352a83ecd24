using VmBus.Backends.Tests.Bus;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Whp.Tests;

/// <summary>The whole bus over the stand-in: every message, signal and ring goes through the platform's calls.</summary>
public sealed class WhpBusTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task A_guest_connects_opens_an_echo_device_and_gets_back_every_packet(bool isOffloaded, bool isMonitored)
    {
        using var rig = new WhpRig(new() { UsePorts = isOffloaded, UseTriggers = isOffloaded });
        await using HostBus host = rig.Partition.CreateHost();
        var device = new EchoDevice();
        await host.OfferAsync(EchoDevice.Offer(isMonitored ? TimeSpan.FromMicroseconds(100) : null), device);
        await using (GuestBus bus = await GuestBus.ConnectAsync(rig.Guest, cancellationToken: WhpRig.Token))
        {
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(WhpRig.Token));
            Assert.Equal(isMonitored, offer.MonitorId is not null);
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: WhpRig.Token);
            var traffic = new EchoTraffic(300);
            await traffic.RunAsync(channel.Channel, 2000, CancellationToken.None).WaitAsync(Patience.Limit, WhpRig.Token);
            Assert.Equal(2000ul, traffic.Received);
            Assert.True(device.Packets >= 2000);
        }
        Assert.Null(host.Failure);

        // Each way was gone as the options say.
        Assert.Equal(isOffloaded && !Standin.IsOld, rig.Calls("WHvCreateTrigger").Any());
        Assert.Equal(isOffloaded && !Standin.IsOld, rig.Calls("WHvCreateNotificationPort").Any());
        Assert.NotEmpty(rig.Calls("WHvPostVirtualProcessorSynicMessage"));
        if (!isOffloaded)
            Assert.NotEmpty(rig.Calls("WHvSignalVirtualProcessorSynicEvent"));
    }
}

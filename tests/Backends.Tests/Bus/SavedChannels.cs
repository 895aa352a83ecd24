using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Channels of every kind, for a bus that is to be saved.</summary>
internal static class SavedChannels
{
    // Monitored both ways, by hypercall, and a subchannel; the order is another each time.
    public static async Task OfferAllAsync(HostBus host, IChannelDevice device)
    {
        await host.OfferAsync(EchoDevice.Offer(1), device, new DeviceChannelOptions { SignalMode = SignalMode.Monitored });
        await host.OfferAsync(EchoDevice.Offer(2, monitored: false), device);
        await host.OfferAsync(EchoDevice.Offer(1, subchannel: 1), device);
        await host.OfferAsync(EchoDevice.Offer(3), device, new DeviceChannelOptions { SignalMode = SignalMode.Adaptive });
    }

    public static async Task<List<GuestChannel>> OpenAllAsync(GuestBus bus)
    {
        var channels = new List<GuestChannel>();
        SignalMode[] modes = [SignalMode.Monitored, SignalMode.LowLatency, SignalMode.Adaptive];
        foreach (GuestOffer offer in await bus.RequestOffersAsync(TestContext.Current.CancellationToken))
            channels.Add(await bus.OpenChannelAsync(offer, new GuestChannelOptions { OutgoingSize = 8192, IncomingSize = 4096, SignalMode = modes[channels.Count % 3] }, TestContext.Current.CancellationToken));
        return channels;
    }
}

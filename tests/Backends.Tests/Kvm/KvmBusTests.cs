using System.Runtime.Versioning;
using VmBus.Backends.Tests.Bus;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Kvm;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>Our bus at both ends of a KVM guest: every message and every signal goes through the kernel's SynIC.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmBusTests
{
    [KvmFact(hyperv: true)]
    public Task Channels_are_offered_opened_and_echo_in_both_modes() => RunAsync(eventFds: true);

    [KvmFact(hyperv: true)]
    public Task Channels_echo_where_every_signal_is_an_exit() => RunAsync(eventFds: false);

    private static async Task RunAsync(bool eventFds)
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2, UseEventFds = eventFds });
        using var puppet = new KvmPuppetPlatform(partition);
        await using HostBus host = partition.CreateHost();
        var device = new Bus.EchoDevice();
        await host.OfferAsync(Bus.EchoDevice.Offer(1), device, new DeviceChannelOptions { SignalMode = SignalMode.Monitored });
        await host.OfferAsync(Bus.EchoDevice.Offer(2, monitored: false), device);
        await using (GuestBus bus = await GuestBus.ConnectAsync(puppet, null, BusFixture.Token))
        {
            foreach (GuestOffer offer in await bus.RequestOffersAsync(BusFixture.Token))
            {
                await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { OutgoingSize = 8192, IncomingSize = 4096, TargetVp = 1 }, BusFixture.Token);
                await BusFixture.PingAsync(channel.Channel, 10, 1000);
                channel.Channel.SignalMode = SignalMode.LowLatency;
                await BusFixture.PingAsync(channel.Channel, 10, 1000);
                Assert.True(channel.Channel.Signaler.GetStatistics().Hypercalls > 0);
            }
        }
        HostBusStatistics end = await host.GetStatisticsAsync();
        Assert.Null(host.Failure);
        Assert.Equal((0, 0, 0, 0L, 0, 0L, 0L), (end.Relids, end.Monitors, end.Gpadls, end.GpadlPages, end.OpenChannels, end.Faults, end.Refusals));
    }
}

using System.Runtime.Versioning;
using VmBus.Backends.Tests.Bus;
using VmBus.Backends.Tests.Kvm;
using VmBus.Guests;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Hostile;

/// <summary>A hostile guest of the in-memory hypervisor.</summary>
[SupportedOSPlatform("linux")]
public sealed class InMemoryHostileGuestTests
{
    [Theory]
    [InlineData(1, true, DispatchMode.Inline)]
    [InlineData(2, true, DispatchMode.Threaded)]
    [InlineData(3, false, DispatchMode.Threaded)]
    internal async Task A_hostile_guest_harms_neither_its_host_nor_its_own_other_channel(int seed, bool shared, DispatchMode mode)
    {
        KvmResources before = KvmResources.Count();
        using (var hypervisor = new Hypervisor(new HypervisorOptions { SharedMemory = shared }))
        {
            Partition host = hypervisor.CreatePartition(1 << 20), guest = hypervisor.CreatePartition(4 << 20, vpCount: 2);
            using var platform = new InMemoryGuestPlatform(guest, mode);
            await HostileGuestRun.RunAsync(seed, 4000, new InMemoryGuestPartition(host, guest), platform, guest.Memory,
                (control, input) => (ulong)guest.Hypercall(new HypercallControl(control), input));
        }
        before.AssertUnchanged();
    }

    [Fact]
    public async Task A_channel_that_asks_for_a_connection_that_is_taken_is_refused_and_opens_with_another()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(Bus.EchoDevice.Offer(1), new Bus.EchoDevice());
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        foreach (uint connection in new[] { MessageConnection.Contact, uint.MaxValue })
        {
            await Assert.ThrowsAsync<GuestBusException>(() =>
                bus.OpenChannelAsync(offer, new GuestChannelOptions { ConnectionId = connection }, BusFixture.Token).WaitAsync(Patience.Limit, BusFixture.Token));
        }
        Assert.Equal(2, (await fixture.Host.GetStatisticsAsync()).Refusals);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, new GuestChannelOptions { ConnectionId = 0x2345 }, BusFixture.Token);
        await BusFixture.PingAsync(channel.Channel, 5);
    }
}

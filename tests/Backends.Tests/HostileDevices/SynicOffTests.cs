using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Guests that take no messages.</summary>
public sealed class SynicOffTests
{
    [Fact]
    public async Task A_guest_that_turns_its_SynIC_off_costs_its_host_a_post_a_second_and_that_for_a_minute()
    {
        await using DeviceFixture fixture = await StartAsync();
        var synic = fixture.Machine.GuestPartition.VirtualProcessors[0].Synic;
        ulong on = synic.ReadMsr(SynicMsr.Scontrol);
        synic.WriteMsr(SynicMsr.Scontrol, 0);
        await fixture.Offered.RevokeAsync();
        for (int second = 0; second < 90; second++)
            fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal(1, now.MessagesGivenUp);
        Assert.InRange(now.PostsDelayed, 50, 90);
        synic.WriteMsr(SynicMsr.Scontrol, on);
        await fixture.Host.OfferAsync(Bus.EchoDevice.Offer(7, monitored: false), new Bus.EchoDevice());
        await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
    }
}

using VmBus.Hosting;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Subchannels whose primary is taken back: their devices end first, and their guest hears of them first.</summary>
public sealed class SubchannelTests
{
    private static readonly HostOffer SubchannelOffer = Bus.EchoDevice.Offer(1, monitored: false, subchannel: 1);

    public static TheoryData<string> Ends => ["by the author", "by its subchannel's service", "by a failure of its device"];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task A_primary_that_is_taken_back_waits_for_its_subchannels_services(string how)
    {
        await using DeviceFixture fixture = await StartAsync();
        (OfferedChannel offered, ScriptedDevice device, OfferChannel subchannel) = await OfferSubchannelAsync(fixture);
        var told = new TaskCompletionSource();
        using var ending = new Service();
        TaskCompletionSource goOn = ending.GoOn;
        var fail = new TaskCompletionSource();
        device.Serve = async (_, closing) =>
        {
            if (how == "by its subchannel's service")
                await fixture.Offered.RevokeAsync();
            closing.Register(told.SetResult);
            await goOn.Task;
        };
        fixture.Device.Serve = (_, closing) => Task.WhenAny(Task.Delay(Timeout.Infinite, closing), fail.Task);
        await fixture.OpenAsync();
        WireChannel open = await fixture.Guest.ShareRingsAsync(subchannel);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(open));

        Task revoked = Task.CompletedTask;
        if (how == "by the author")
            revoked = fixture.Offered.RevokeAsync();
        else if (how == "by a failure of its device")
            fail.SetResult();
        await Soon(told.Task);
        Assert.True(fixture.Offered.IsRevoked && offered.IsRevoked);
        Assert.Equal((how != "by the author", 0), (revoked.IsCompleted, fixture.Guest.Count(ChannelMessageType.RescindOffer)));
        goOn.SetResult();
        await Soon(revoked);
        Assert.Equal(subchannel.ChildRelid, (await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer)).ChildRelid);
        Assert.Equal(fixture.Played.ChildRelid, (await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer)).ChildRelid);
        fixture.Guest.PostRelease(subchannel.ChildRelid);
        fixture.Guest.PostRelease(fixture.Played.ChildRelid);

        // The name is free, and so is the subchannel's.
        await Soon(fixture.Host.OfferAsync(SubchannelOffer, device));
        await Soon(fixture.Host.OfferAsync(PlayedOffer, fixture.Device));
        Assert.Equal(0, (await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel)).Offer.SubchannelIndex);
        Assert.Equal(1, (await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel)).Offer.SubchannelIndex);
    }

    [Fact]
    public async Task A_subchannel_offered_while_its_primary_is_taken_back_is_no_part_of_that()
    {
        await using DeviceFixture fixture = await StartAsync();
        using var ending = new Service();
        TaskCompletionSource goOn = ending.GoOn;
        fixture.Device.Serve = (_, _) => goOn.Task;
        await fixture.OpenAsync();
        Task revoked = fixture.Offered.RevokeAsync();
        Task<OfferedChannel> later = fixture.Host.OfferAsync(SubchannelOffer, new ScriptedDevice());
        Assert.False(later.IsCompleted);
        goOn.SetResult();
        await Soon(revoked);
        OfferedChannel offered = await Soon(later);
        Assert.False(offered.IsRevoked);
        await fixture.Guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer);
        Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.OfferChannel));
    }

    [Fact]
    public async Task A_restored_subchannel_goes_with_a_primary_that_nobody_offers_again()
    {
        await using var machine = new VmBus.InMemory.InMemoryMachine();
        using var guest = new WireGuest(machine.Platform);
        var device = new ScriptedDevice();
        await machine.Host.OfferAsync(PlayedOffer, new ScriptedDevice());
        await machine.Host.OfferAsync(SubchannelOffer, device);
        guest.PostContact();
        await guest.NextAsync<VersionResponse>(ChannelMessageType.VersionResponse);
        guest.Post(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
        OfferChannel primary = await guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
        OfferChannel subchannel = await guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
        Assert.Equal(ChannelMessageStatus.Success, await guest.OpenAsync(await guest.ShareRingsAsync(subchannel)));
        byte[] state = await Soon(machine.SaveHostAsync());

        machine.RestoreHost(state);
        OfferedChannel offered = await machine.Host.OfferAsync(SubchannelOffer, device);
        Background.Until(() => device.Served == 2, "the service after the restore");
        await Soon(machine.Host.CompleteRestoreAsync());
        Assert.True(offered.IsRevoked);
        Assert.False(offered.IsOpen);
        Assert.Equal(subchannel.ChildRelid, (await guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer)).ChildRelid);
        Assert.Equal(primary.ChildRelid, (await guest.NextAsync<RescindOffer>(ChannelMessageType.RescindOffer)).ChildRelid);
        await Soon(machine.Host.ResetAsync());
    }

    private static async Task<(OfferedChannel Offered, ScriptedDevice Device, OfferChannel Offer)> OfferSubchannelAsync(DeviceFixture fixture)
    {
        var device = new ScriptedDevice();
        OfferedChannel offered = await fixture.Host.OfferAsync(SubchannelOffer, device);
        return (offered, device, await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel));
    }

    // A service that ends when the test does, whatever became of that.
    private sealed class Service : IDisposable
    {
        public TaskCompletionSource GoOn { get; } = new();

        public void Dispose() => GoOn.TrySetResult();
    }
}

using static VmBus.Devices.Tests.Network.NetworkFixture;

namespace VmBus.Devices.Tests.Network;

/// <summary>An adapter is taken from its guest when that has stopped sending: a Linux guest waits without a limit for what it is owed.</summary>
public sealed class NetworkUnplugTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2.5);

    [Fact]
    public async Task An_unplug_takes_the_link_down_and_waits_until_the_guest_sends_no_more()
    {
        var clock = new CountedClock();
        await using NetworkFixture fixture = await MakeAsync(clock: clock);
        Task unplugged = fixture.Adapter.UnplugAsync();
        await fixture.UntilAsync(() => fixture.Guest.Indicated.LastOrDefault() == RndisStatus.MediaDisconnect);
        // Answered, and carried nowhere.
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
        Assert.Equal(0, fixture.Adapter.Statistics.FramesSent);
        clock.Advance(Quiet);
        await fixture.UntilAsync(() => clock.Waits == 2 || unplugged.IsCompleted);
        Assert.False(unplugged.IsCompleted);
        clock.Advance(Quiet - TimeSpan.FromMilliseconds(1));
        Assert.False(unplugged.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await unplugged.WaitAsync(Patience.Limit);
        Assert.False(fixture.Adapter.IsLinkUp);
    }

    [Fact]
    public async Task An_unplug_waits_while_a_completion_is_owed()
    {
        var clock = new CountedClock();
        await using NetworkFixture fixture = await MakeAsync(room: 1, clock: clock);
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
        Task<NvspStatus> waiting = fixture.Guest.SendAsync(NetworkGuest.Message(Frame(seed: 2)));
        await fixture.UntilAsync(() => fixture.Near.Refused > 0);
        Task unplugged = fixture.Adapter.UnplugAsync();
        clock.Advance(Quiet);
        await fixture.UntilAsync(() => clock.Waits == 2 || unplugged.IsCompleted);
        Assert.False(unplugged.IsCompleted);
        Assert.False(waiting.IsCompleted);
        await fixture.Far.ReceiveAsync();
        Assert.Equal(NvspStatus.Success, await waiting);
        await fixture.UntilAsync(() =>
        {
            clock.Advance(Quiet);
            return unplugged.IsCompleted;
        });
        await unplugged;
    }

    [Fact]
    public async Task An_unplug_of_an_adapter_that_is_not_open_or_is_closed_meanwhile_waits_for_nothing()
    {
        var clock = new CountedClock();
        await using NetworkFixture fixture = await MakeAsync(clock: clock);
        Task unplugged = fixture.Adapter.UnplugAsync();
        await fixture.Guest.DisposeAsync();
        await fixture.UntilAsync(() =>
        {
            clock.Advance(Quiet);
            return unplugged.IsCompleted;
        });
        await unplugged;
        int waits = clock.Waits;
        await fixture.Adapter.UnplugAsync();
        Assert.Equal(waits, clock.Waits);
    }

    [Fact]
    public async Task An_unplug_that_is_given_up_leaves_the_link_down_and_the_guest_served()
    {
        var clock = new CountedClock();
        await using NetworkFixture fixture = await MakeAsync(clock: clock);
        using var ending = new CancellationTokenSource();
        Task unplugged = fixture.Adapter.UnplugAsync(ending.Token);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unplugged);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Adapter.UnplugAsync(ending.Token));
        Assert.False(fixture.Adapter.IsLinkUp);
        fixture.Adapter.IsLinkUp = true;
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame(seed: 3))));
        Assert.Equal(Frame(seed: 3), await fixture.Far.ReceiveAsync());
    }
}

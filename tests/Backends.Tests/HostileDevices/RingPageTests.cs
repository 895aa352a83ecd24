using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Rings of pages that are rings already, and GPADLs of pages that are not there.</summary>
public sealed class RingPageTests
{
    [Theory]
    [InlineData("both rings the same pages", new[] { 0, 1, 0, 1 })]
    [InlineData("the rings share a control page", new[] { 0, 1, 0, 2 })]
    [InlineData("the rings share data", new[] { 0, 1, 2, 1 })]
    [InlineData("a ring has a page twice", new[] { 0, 1, 1, 2, 3 })]
    [InlineData("data that is its own control page", new[] { 0, 0, 1, 2 })]
    public async Task An_open_whose_rings_share_pages_is_refused(string what, int[] pages)
    {
        await using DeviceFixture fixture = await StartAsync();
        ReadOnlyMemory<ulong> memory = fixture.Guest.AllocatePages(4);
        ulong[] frames = [.. pages.Select(page => memory.Span[page])];
        (uint gpadl, ChannelMessageStatus status) = await fixture.Guest.CreateGpadlAsync(fixture.Played.ChildRelid, frames);
        Assert.Equal(ChannelMessageStatus.Success, status);
        fixture.Guest.PostOpen(fixture.Played.ChildRelid, gpadl);
        Assert.True(await fixture.Guest.OpenResultAsync() == ChannelMessageStatus.Unsuccessful, what);
        Assert.Contains("is already in a ring", (await fixture.Host.GetStatisticsAsync()).LastRefusal, StringComparison.Ordinal);
        await fixture.AssertUnharmedAsync(gpadls: 2);
        Assert.Equal(0, fixture.Device.Asked);
    }

    [Fact]
    public async Task Pages_that_are_rings_of_an_open_channel_are_no_rings_of_another_until_it_is_closed()
    {
        await using DeviceFixture fixture = await StartAsync();
        await fixture.Host.OfferAsync(Bus.EchoDevice.Offer(3, monitored: false), new Bus.EchoDevice());
        OfferChannel third = await fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
        WireChannel first = await fixture.OpenAsync();
        // One page of the other's, as the last of four.
        ulong[] frames = [.. fixture.Guest.AllocatePages(3).ToArray(), first.Rings.PageFrames.Span[1]];
        (uint gpadl, _) = await fixture.Guest.CreateGpadlAsync(third.ChildRelid, frames);
        fixture.Guest.PostOpen(third.ChildRelid, gpadl);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        Assert.Equal(8, (await fixture.Host.GetStatisticsAsync()).RingPages);
        await fixture.Guest.CloseAsync(first);
        fixture.Guest.PostOpen(third.ChildRelid, gpadl);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenResultAsync());
        Assert.Equal(8, (await fixture.Host.GetStatisticsAsync()).RingPages);
    }

    [Theory]
    [InlineData(0u, 4 * 4096 - 8u, 4)]
    [InlineData(8u, 4 * 4096 - 8u, 4)]
    [InlineData(8u, 4 * 4096u, 5)]
    public async Task An_open_whose_rings_are_not_whole_pages_is_refused(uint offset, uint length, int pages)
    {
        await using DeviceFixture fixture = await StartAsync();
        var range = new GpadlRange(offset, length, fixture.Guest.AllocatePages(pages));
        (uint gpadl, ChannelMessageStatus status) = await fixture.Guest.CreateGpadlAsync(fixture.Played.ChildRelid, range);
        Assert.Equal(ChannelMessageStatus.Success, status);
        fixture.Guest.PostOpen(fixture.Played.ChildRelid, gpadl);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        Assert.Contains("is not whole pages", (await fixture.Host.GetStatisticsAsync()).LastRefusal, StringComparison.Ordinal);
        await fixture.AssertUnharmedAsync(gpadls: 2);
        Assert.Equal(0, fixture.Device.Asked);
    }

    // The last frame's address times 4096 overflows to a page that is there.
    [Theory]
    [InlineData(1UL << 52)]
    [InlineData((1UL << 52) + 1)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue >> 12)]
    public async Task A_GPADL_of_a_page_that_is_there_only_by_overflow_is_refused(ulong frame)
    {
        await using DeviceFixture fixture = await StartAsync();
        ulong[] frames = [.. fixture.Guest.AllocatePages(3).ToArray(), frame];
        (_, ChannelMessageStatus status) = await fixture.Guest.CreateGpadlAsync(fixture.Played.ChildRelid, frames);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, status);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_guest_that_posts_more_than_its_host_takes_at_a_time_is_told_to_try_again()
    {
        using var goOn = new ManualResetEventSlim();
        var observer = new BlockingObserver(goOn);
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Observer = observer });
        observer.IsBlocking = true;
        byte[] message = ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = 999 });
        // The first stays in the observer, and with it the bus.
        Background first = Background.Run(() => fixture.Guest.Post(message));
        Background.Until(() => observer.IsHolding, "the observer");
        int taken = 0;
        while (taken < 1000 && fixture.Guest.TryPost(message) == HypercallStatus.Success)
            taken++;
        HypercallStatus refused = fixture.Guest.TryPost(message);
        observer.IsBlocking = false;
        goOn.Set();
        first.Join();
        Assert.Equal((64, HypercallStatus.InsufficientBuffers), (taken, refused));
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().Faults == 65, "the messages");
        // The one that ended the loop, and the one after it.
        Assert.Equal(2, (await fixture.Host.GetStatisticsAsync()).MessagesPutOff);
        await fixture.AssertUnharmedAsync();
    }
}

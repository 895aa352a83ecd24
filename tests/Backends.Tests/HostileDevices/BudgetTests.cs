using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>What a guest can make its host spend: each kind has a limit, and over it the guest is refused and the host goes on.</summary>
public sealed class BudgetTests
{
    // The echo's two rings of two pages take three mappings each.
    private const int Echo = 6;

    [Fact]
    public async Task Rings_of_scattered_pages_are_refused_when_they_would_take_more_mappings_than_the_host_allows()
    {
        Assert.SkipWhen(Environment.SystemPageSize > 4096, "This kernel's pages are larger: it puts no single pages of VMBus in order (LargePageGuestTests).");
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxRingMappings = Echo + 2 * 7 });
        ulong[] frames = Reversed(fixture.Guest.AllocatePages(8));
        (uint gpadl, ChannelMessageStatus status) = await fixture.Guest.CreateGpadlAsync(fixture.Played.ChildRelid, frames);
        Assert.Equal(ChannelMessageStatus.Success, status);
        // Four pages a ring: seven mappings. Then five and three.
        fixture.Guest.PostOpen(fixture.Played.ChildRelid, gpadl, downstream: 4);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenResultAsync());
        Assert.Equal(Echo + 14, (await fixture.Host.GetStatisticsAsync()).RingMappings);
        fixture.Guest.PostClose(fixture.Played.ChildRelid);
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().RingMappings == Echo, "the rings to be given back");

        ulong[] more = Reversed(fixture.Guest.AllocatePages(9));
        (gpadl, _) = await fixture.Guest.CreateGpadlAsync(fixture.Played.ChildRelid, more);
        fixture.Guest.PostOpen(fixture.Played.ChildRelid, gpadl, downstream: 4);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((Echo, 1L), (now.RingMappings, now.Refusals));
        Assert.Contains("needs 9 mappings, and the guest's rings already have 13 of 20", now.LastRefusal, StringComparison.Ordinal);
        await fixture.AssertUnharmedAsync(gpadls: 3);
    }

    // The echo has one GPADL of four pages.
    [Fact]
    public async Task A_GPADL_beyond_a_limit_is_refused_and_the_hosts_author_learns_which()
    {
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxGpadls = 2, MaxGpadlPages = 10 });
        uint relid = fixture.Played.ChildRelid;
        Assert.Equal(ChannelMessageStatus.Unsuccessful, (await fixture.Guest.CreateGpadlAsync(relid, fixture.Guest.AllocatePages(7))).Status);
        Assert.Equal("A GPADL is refused: the guest has 1 of 2 GPADLs with 4 of 10 pages already (MaxGpadls, MaxGpadlPages).", (await fixture.Host.GetStatisticsAsync()).LastRefusal);
        Assert.Equal(ChannelMessageStatus.Success, (await fixture.Guest.CreateGpadlAsync(relid, fixture.Guest.AllocatePages(3))).Status);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, (await fixture.Guest.CreateGpadlAsync(relid, fixture.Guest.AllocatePages(1))).Status);
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((2, 7L, 2L), (now.Gpadls, now.GpadlPages, now.Refusals));
        Assert.Contains("2 of 2 GPADLs with 7 of 10 pages", now.LastRefusal, StringComparison.Ordinal);
        await fixture.AssertUnharmedAsync(gpadls: 2);
    }

    [Fact]
    public async Task A_socket_channel_beyond_the_limit_is_refused_and_the_hosts_author_learns_which()
    {
        var goOn = new TaskCompletionSource<bool>();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxTransportConnects = 2, TransportConnect = (_, _) => new ValueTask<bool>(goOn.Task) });
        for (int request = 0; request < 3; request++)
            PostSocketRequest(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, (await fixture.Guest.NextAsync<TlConnectResult>(ChannelMessageType.TlConnectResult)).Status);
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((2, 1L), (now.SocketRequests, now.Refusals));
        Assert.Equal("A socket channel is refused: 2 of 2 requests are already pending (MaxTransportConnects).", now.LastRefusal);
        goOn.SetResult(false);
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().SocketRequests == 0, "the answers");
        await fixture.AssertUnharmedAsync();
    }

    // As many pages as a guest has, each where its neighbour is not: a process is given 65530 mappings, and ends without them.
    [Fact]
    public async Task A_guest_of_scattered_pages_does_not_use_up_the_processs_mappings()
    {
        Assert.SkipWhen(Environment.SystemPageSize > 4096, "This kernel's pages are larger: it puts no single pages of VMBus in order (LargePageGuestTests).");
        await using var machine = new InMemoryMachine(new() { GuestMemorySize = 256 << 20 });
        for (int instance = 1; instance <= 6; instance++)
            await machine.Host.OfferAsync(Bus.EchoDevice.Offer(instance, monitored: false), new Bus.EchoDevice());
        using var guest = new WireGuest(machine.Platform);
        var results = new List<ChannelMessageStatus>();
        foreach (OfferChannel offer in (await guest.ConnectAsync()).Values.OrderBy(offer => offer.ChildRelid))
        {
            (uint gpadl, _) = await guest.CreateGpadlAsync(offer.ChildRelid, Reversed(guest.AllocatePages(8000)));
            guest.PostOpen(offer.ChildRelid, gpadl, downstream: 4000);
            results.Add(await guest.OpenResultAsync());
        }

        HostBusStatistics now = await machine.Host.GetStatisticsAsync();
        Assert.Equal((1, 5L, 15_998), (now.OpenChannels, now.Refusals, now.RingMappings));
        Assert.Equal(1, results.Count(result => result == ChannelMessageStatus.Success));
        Assert.True(!OperatingSystem.IsLinux() || File.ReadLines("/proc/self/maps").Count() < 32_000);
        await Soon(machine.Host.ResetAsync());
        Assert.Equal(0, (await machine.Host.GetStatisticsAsync()).RingMappings);
    }

    // What a close leaves mapped goes when the collector comes, and a guest need not wait for that.
    [Fact, TestLimit(10)]
    public async Task Opens_and_closes_without_end_leave_no_more_mappings_than_the_host_allows()
    {
        const int Limit = 300;
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxRingMappings = Limit });
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        for (int round = 1; round <= 10_000; round++)
        {
            if (await fixture.Guest.OpenAsync(channel) != ChannelMessageStatus.Success)
                Assert.Fail($"Open {round} was refused: {(await fixture.Host.GetStatisticsAsync()).LastRefusal}");
            fixture.Guest.PostClose(channel.Relid);
            if (round % 100 != 0)
                continue;
            HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
            Assert.InRange(now.RingMappings + now.RetiredRingMappings, Echo, Limit);
            fixture.AssertSparedServed();
        }

        await fixture.Guest.TearDownAsync(channel);
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).Refusals);
        await fixture.AssertUnharmedAsync();
    }

    // One that keeps what it was given makes the collection vain: it is its own channel that is refused, and is not for ever.
    [Fact]
    public async Task What_a_device_keeps_of_closed_channels_counts_until_it_lets_go()
    {
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxRingMappings = Echo + 3 * Echo });
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        var kept = new List<DeviceContext>();
        fixture.Device.Serve = (context, closing) =>
        {
            kept.Add(context);
            return Task.Delay(Timeout.Infinite, closing);
        };
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(channel));
            fixture.Guest.PostClose(channel.Relid);
        }

        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));
        HostBusStatistics now = await fixture.Host.GetStatisticsAsync();
        Assert.Equal((Echo, 3 * Echo), (now.RingMappings, now.RetiredRingMappings));
        Assert.Contains("needs 3 mappings, and the guest's rings already have 6 of 24, closed ones 18 more", now.LastRefusal, StringComparison.Ordinal);
        fixture.AssertSparedServed();

        // Nothing was closed since the host collected in vain, so it does not do that again at once.
        kept.Clear();
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(channel));
        await fixture.Guest.CloseAsync(channel);
    }

    // A device that does not look at its token, and a guest that opens and leaves, made calls pile up.
    [Fact]
    public async Task Opens_are_refused_while_too_many_calls_go_on_that_nobody_waits_for()
    {
        var goOn = new TaskCompletionSource<bool>();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { MaxAbandonedCalls = 3 });
        fixture.Device.Accept = (_, _) => new ValueTask<bool>(goOn.Task);
        for (int round = 1; round <= 3; round++)
        {
            int before = fixture.Device.Asked;
            fixture.Guest.PostOpen(await fixture.Guest.ShareRingsAsync(fixture.Played));
            Background.Until(() => fixture.Device.Asked == before + 1, "the question");
            await fixture.CloseSparedAsync();
            await fixture.Guest.UnloadAsync();
            Assert.Equal(round, (await fixture.Host.GetStatisticsAsync()).AbandonedCalls);
            if (round < 3)
                await fixture.ConnectAsync();
        }

        Dictionary<Guid, OfferChannel> offers = await fixture.Guest.ConnectAsync();
        WireChannel refused = await fixture.Guest.ShareRingsAsync(offers[PlayedOffer.InterfaceInstance]);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(refused));
        Assert.Contains("3 abandoned calls of devices still run", (await fixture.Host.GetStatisticsAsync()).LastRefusal, StringComparison.Ordinal);
        goOn.SetResult(true);
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().AbandonedCalls == 0, "the calls to end");
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(refused));
    }

    [Fact]
    public async Task Socket_channels_are_refused_while_too_many_calls_go_on_that_nobody_waits_for()
    {
        var goOn = new TaskCompletionSource<bool>();
        int asked = 0;
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            MaxAbandonedCalls = 3,
            TransportConnect = (_, _) =>
            {
                Interlocked.Increment(ref asked);
                return new ValueTask<bool>(goOn.Task);
            },
        });
        for (int request = 0; request < 5; request++)
            PostSocketRequest(fixture);
        Background.Until(() => Volatile.Read(ref asked) == 5, "the questions");
        fixture.Clock.Advance(TimeSpan.FromSeconds(11));
        for (int answer = 0; answer < 5; answer++)
            await fixture.Guest.NextAsync<TlConnectResult>(ChannelMessageType.TlConnectResult);
        Assert.Equal(5, (await fixture.Host.GetStatisticsAsync()).AbandonedCalls);
        PostSocketRequest(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, (await fixture.Guest.NextAsync<TlConnectResult>(ChannelMessageType.TlConnectResult)).Status);
        Assert.Equal(5, asked);
        goOn.SetResult(false);
        Background.Until(() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().AbandonedCalls == 0, "the calls to end");
        PostSocketRequest(fixture);
        await fixture.Guest.NextAsync<TlConnectResult>(ChannelMessageType.TlConnectResult);
        Assert.Equal(6, asked);
    }

    private static void PostSocketRequest(DeviceFixture fixture) =>
        fixture.Guest.Post(ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest, new TlConnectRequest { EndpointId = Guid.NewGuid(), ServiceId = Guid.NewGuid() }));

    private static ulong[] Reversed(ReadOnlyMemory<ulong> frames)
    {
        ulong[] reversed = frames.ToArray();
        Array.Reverse(reversed);
        return reversed;
    }
}

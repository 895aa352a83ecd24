using System.Net.NetworkInformation;
using VmBus.Hosting;
using static VmBus.Devices.Tests.Network.NetworkFixture;

namespace VmBus.Devices.Tests.Network;

/// <summary>Frames both ways, in every form that a guest has for them.</summary>
public sealed class NetworkAdapterTests
{
    [Theory]
    [InlineData(Nvsp.Version1)]
    [InlineData(Nvsp.Version2)]
    [InlineData(Nvsp.Version4)]
    [InlineData(Nvsp.Version5)]
    [InlineData(Nvsp.Version6)]
    [InlineData(Nvsp.Version61)]
    public async Task Frames_go_both_ways_at_each_version(uint version)
    {
        await using NetworkFixture fixture = await MakeAsync(version: version);
        byte[] out1 = Frame(1514, [2, 2, 2, 2, 2, 2]), in1 = Frame(1514, seed: 2);
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(out1)));
        Assert.Equal(out1, await fixture.Far.ReceiveAsync());
        Assert.True(fixture.Far.TrySend(in1));
        Assert.Equal(in1, await fixture.Guest.FrameAsync());
        Assert.Equal(new NetworkAdapterStatistics { FramesSent = 1, BytesSent = 1514, FramesReceived = 1, BytesReceived = 1514 }, fixture.Adapter.Statistics);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(44)]
    [InlineData(60)]
    [InlineData(1558)]
    public async Task A_packet_lies_in_the_send_buffer_in_pages_or_in_both(int inSection)
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] frame = Frame(1514);
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(frame), inSection: inSection));
        Assert.Equal(frame, await fixture.Far.ReceiveAsync());
    }

    [Fact]
    public async Task Several_frames_of_one_packet_come_in_order_with_their_padding_taken_off()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[][] frames = [.. Enumerable.Range(0, 4).Select(one => Frame(60 + one, seed: one))];
        byte[] packet = [.. frames.SelectMany((frame, one) => NetworkGuest.Message(frame, padding: one == 3 ? 0 : (8 - (44 + frame.Length) % 8) % 8))];
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(packet, inSection: packet.Length));
        foreach (byte[] frame in frames)
            Assert.Equal(frame, await fixture.Far.ReceiveAsync());
        Assert.True(fixture.Near.Flushes > 0);
    }

    [Fact]
    public async Task A_vlan_tag_of_the_guest_is_put_into_its_frame()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] frame = Frame(100);
        // Priority 5, VLAN 0x123, behind information of another kind.
        byte[] information = [.. Information(0, [1, 2, 3, 4]), .. Information(Rndis.VlanInformation, BitConverter.GetBytes(5u | 0x123u << 4))];
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(frame, information)));
        byte[] tagged = await fixture.Far.ReceiveAsync();
        Assert.Equal([.. frame[..12], 0x81, 0x00, 0xA1, 0x23, .. frame[12..]], tagged);
        // And back: as long as the longest frame, and the tag.
        byte[] longest = [.. Frame(1514)[..12], 0x81, 0x00, 0xA1, 0x23, .. Frame(1514)[12..]];
        Assert.True(fixture.Far.TrySend(longest));
        Assert.Equal(longest, await fixture.Guest.FrameAsync());
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(longest)));
        Assert.Equal(longest, await fixture.Far.ReceiveAsync());
    }

    [Theory]
    [InlineData(576)]
    [InlineData(1500)]
    [InlineData(9000)]
    [InlineData(65521)]
    public async Task Frames_are_as_long_as_the_guests_mtu_and_no_longer(int mtu)
    {
        await using NetworkFixture fixture = await MakeAsync(mtu + 14, new NetworkAdapterOptions { MaxMtu = 65521 });
        byte[] longest = Frame(mtu + 14);
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(longest)));
        Assert.Equal(longest, await fixture.Far.ReceiveAsync());
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame(mtu + 15))));
        Assert.True(fixture.Far.TrySend(longest));
        Assert.Equal(longest, await fixture.Guest.FrameAsync());
        // No link brings one that is longer than the longest.
        if (mtu < 65521)
        {
            Assert.True(fixture.Far.TrySend([.. longest, .. new byte[68]]));
            await fixture.UntilAsync(() => fixture.Adapter.Statistics.FramesLost == 1);
        }
        Assert.Equal(1, fixture.Adapter.Statistics.Rejected);
    }

    [Fact]
    public async Task What_the_filter_keeps_out_does_not_come()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] broadcast = Frame(to: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), multicast = Frame(to: [1, 0, 0x5E, 0, 0, 1]), other = Frame(to: [2, 0, 0, 0, 0, 9]), own = Frame();
        foreach ((PacketFilter filter, byte[][] passing) in new (PacketFilter, byte[][])[]
        {
            (PacketFilter.Directed, [own]),
            (PacketFilter.Broadcast, [broadcast]),
            (PacketFilter.AllMulticast, [multicast]),
            (PacketFilter.Directed | PacketFilter.Multicast | PacketFilter.Broadcast, [broadcast, multicast, own]),
            (PacketFilter.Promiscuous, [broadcast, multicast, other, own]),
        })
        {
            await fixture.Guest.SetFilterAsync(filter);
            foreach (byte[] frame in new[] { broadcast, multicast, other, own })
                Assert.True(fixture.Far.TrySend(frame));
            foreach (byte[] frame in passing)
                Assert.Equal(frame, await fixture.Guest.FrameAsync());
            await fixture.UntilAsync(() => fixture.Near.Waiting == 0);
        }
        // Zero stops it.
        await fixture.Guest.SetFilterAsync(PacketFilter.None);
        long before = fixture.Adapter.Statistics.FramesFiltered;
        Assert.True(fixture.Far.TrySend(own));
        await fixture.UntilAsync(() => fixture.Adapter.Statistics.FramesFiltered == before + 1);
        Assert.Empty(fixture.Guest.Frames);
    }

    [Fact]
    public async Task A_link_without_room_slows_the_guest_down_and_loses_nothing()
    {
        await using NetworkFixture fixture = await MakeAsync(room: 3);
        byte[][] frames = [.. Enumerable.Range(0, 50).Select(one => Frame(200, seed: one))];
        Task<NvspStatus>[] sending = [.. frames.Select(frame => fixture.Guest.SendAsync(NetworkGuest.Message(frame)))];
        await fixture.UntilAsync(() => fixture.Far.Waiting == 3);
        // Its questions wait behind its frames, as all it sends does; the link's frames do not.
        byte[] own = Frame();
        Assert.True(fixture.Far.TrySend(own));
        Assert.Equal(own, await fixture.Guest.FrameAsync());
        Assert.True(sending.Count(one => one.IsCompleted) <= 3);
        foreach (byte[] frame in frames)
            Assert.Equal(frame, await fixture.Far.ReceiveAsync());
        Assert.All(await Task.WhenAll(sending), status => Assert.Equal(NvspStatus.Success, status));
    }

    [Fact]
    public async Task A_guest_that_gives_no_memory_back_gets_no_more_and_can_still_ask()
    {
        await using NetworkFixture fixture = await MakeAsync(room: 2000);
        int sections = (int)fixture.Guest.Sections.SubAllocationCount - ReceiveBuffer.ControlSections;
        // Each section comes back, also those of packets that carry many: the second time is as the first.
        for (int round = 0; round < 2; round++)
        {
            fixture.Guest.CompletesAtOnce = false;
            for (int one = 0; one < sections + 20; one++)
                Assert.True(fixture.Far.TrySend(Frame(100, seed: one)));
            await fixture.UntilAsync(() => fixture.Guest.Frames.Count == sections);
            Assert.Equal(NetworkFixture.Address, (await fixture.Guest.QueryAsync(RndisOid.PermanentAddress)).Value);
            Assert.Equal(sections, fixture.Guest.Frames.Count);
            fixture.Guest.CompletesAtOnce = true;
            await fixture.Guest.CompleteHeldAsync();
            for (int one = 0; one < sections + 20; one++)
                Assert.Equal(Frame(100, seed: one), await fixture.Guest.FrameAsync());
        }
        Assert.Equal((0, 0), (fixture.Adapter.Statistics.FramesLost, fixture.Adapter.Statistics.Rejected));
    }

    // Its ring is full of frames, and it reads on when it has given the sections of the last ones back.
    [Fact]
    public async Task A_guest_gives_sections_back_while_its_ring_is_full()
    {
        await using NetworkFixture fixture = await MakeAsync(room: 100_000, receivePages: 512);
        int sections = (int)fixture.Guest.Sections.SubAllocationCount - ReceiveBuffer.ControlSections;
        for (int round = 0; round < 20; round++)
        {
            for (int one = 0; one < sections; one++)
                Assert.True(fixture.Far.TrySend(Frame(100, seed: one)));
            for (int one = 0; one < sections; one++)
                Assert.Equal(100, (await fixture.Guest.FrameAsync()).Length);
        }
        Assert.Equal(0, fixture.Adapter.Statistics.FramesLost);
    }

    [Fact]
    public async Task A_guest_that_takes_no_answer_is_refused_more_and_answered_when_it_has_taken_them()
    {
        await using NetworkFixture fixture = await MakeAsync();
        fixture.Guest.CompletesAtOnce = false;
        for (int one = 0; one < ReceiveBuffer.ControlSections; one++)
            await fixture.Guest.QueryAsync(RndisOid.LinkSpeed);
        byte[] question = [(byte)RndisMessageType.KeepAlive, 0, 0, 0, 12, 0, 0, 0, 1, 2, 3, 4];
        Assert.Equal(NvspStatus.Fail, await fixture.Guest.SendAsync(question, NvspRndisPacket.Control));
        // A word of the link is kept for later.
        fixture.Adapter.IsLinkUp = false;
        fixture.Guest.CompletesAtOnce = true;
        await fixture.Guest.CompleteHeldAsync();
        await fixture.UntilAsync(() => fixture.Guest.Indicated.Contains(RndisStatus.MediaDisconnect));
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(question, NvspRndisPacket.Control));
    }

    [Fact]
    public async Task The_link_goes_down_and_comes_up_and_the_guest_is_told()
    {
        await using NetworkFixture fixture = await MakeAsync(options: new NetworkAdapterOptions { IsLinkUp = false });
        Assert.Equal(1u, BitConverter.ToUInt32((await fixture.Guest.QueryAsync(RndisOid.MediaConnectStatus)).Value));
        // No carrier: nothing goes either way, and nothing waits.
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
        Assert.True(fixture.Far.TrySend(Frame()));
        await fixture.UntilAsync(() => fixture.Adapter.Statistics.FramesFiltered == 1);
        fixture.Adapter.IsLinkUp = true;
        await fixture.UntilAsync(() => fixture.Guest.Indicated.LastOrDefault() == RndisStatus.MediaConnect);
        Assert.Equal(0u, BitConverter.ToUInt32((await fixture.Guest.QueryAsync(RndisOid.MediaConnectStatus)).Value));
        Assert.True(fixture.Far.TrySend(Frame(seed: 7)));
        Assert.Equal(Frame(seed: 7), await fixture.Guest.FrameAsync());
        Assert.Equal(0, fixture.Adapter.Statistics.FramesSent);
        fixture.Adapter.IsLinkUp = false;
        await fixture.UntilAsync(() => fixture.Guest.Indicated.LastOrDefault() == RndisStatus.MediaDisconnect);
    }

    // What ip link set mtu does: the channel is closed and opened again.
    [Fact]
    public async Task A_channel_that_is_opened_anew_begins_anew()
    {
        await using NetworkFixture fixture = await MakeAsync();
        uint small = fixture.Guest.Sections.SubAllocationSize;
        await fixture.Guest.DisposeAsync();
        fixture.Guest = await NetworkGuest.OpenAsync(fixture.Machine, fixture.Bus, maxFrame: 9014);
        Assert.True(fixture.Guest.Sections.SubAllocationSize > small);
        byte[] frame = Frame(9014);
        Assert.True(fixture.Far.TrySend(frame));
        Assert.Equal(frame, await fixture.Guest.FrameAsync());
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(frame)));
        Assert.Equal(frame, await fixture.Far.ReceiveAsync());
    }

    [Fact]
    public async Task A_link_that_throws_ends_the_adapter_and_its_guest_is_told()
    {
        await using NetworkFixture fixture = await MakeAsync();
        var failed = new TaskCompletionSource<Exception>();
        fixture.Machine.Host.DeviceFailed += (_, device) => failed.TrySetResult(device.Exception);
        fixture.Near.Failure = new NotSupportedException("The cable burns.");
        Task<NvspStatus> sending = fixture.Guest.SendAsync(NetworkGuest.Message(Frame()));
        Assert.Same(fixture.Near.Failure, await failed.Task.WaitAsync(Patience.Limit));
        await fixture.Guest.Channel.Completion.WaitAsync(Patience.Limit);
        await Assert.ThrowsAsync<IOException>(() => sending);
    }

    [Fact]
    public void An_address_that_no_adapter_has_is_refused()
    {
        (MemoryLink link, _) = MemoryLink.Pair();
        foreach (byte[] address in new byte[][] { [1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0], [2, 2, 3, 4, 5], [2, 2, 3, 4, 5, 6, 7], [] })
            Assert.Throws<ArgumentException>(() => new NetworkAdapter(link, new PhysicalAddress(address)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkAdapter(link, new PhysicalAddress(Address), new NetworkAdapterOptions { MaxMtu = 575 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkAdapter(link, new PhysicalAddress(Address), new NetworkAdapterOptions { MaxMtu = 65522 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkAdapter(link, new PhysicalAddress(Address), new NetworkAdapterOptions { LinkSpeed = 99 }));
        Assert.Equal(new PhysicalAddress(Address), new NetworkAdapter(link, new PhysicalAddress(Address)).Address);
    }

    [Fact]
    public async Task A_bus_that_is_saved_amid_frames_goes_on_with_what_the_guest_holds()
    {
        await using NetworkFixture fixture = await MakeAsync(room: 3);
        fixture.Guest.CompletesAtOnce = false;
        Assert.True(fixture.Far.TrySend(Frame(seed: 1)));
        Assert.Equal(Frame(seed: 1), await fixture.Guest.FrameAsync());
        Task<NvspStatus>[] sending = [.. Enumerable.Range(0, 10).Select(one => fixture.Guest.SendAsync(NetworkGuest.Message(Frame(200, seed: one))))];
        await fixture.UntilAsync(() => fixture.Far.Waiting == 3);
        Assert.Throws<InvalidOperationException>(() => fixture.Adapter.SaveState());
        byte[] bus = await fixture.Machine.SaveHostAsync(), state = fixture.Adapter.SaveState();

        // Another adapter, as in another process, on another cable.
        (MemoryLink near, MemoryLink far) = MemoryLink.Pair();
        var adapter = new NetworkAdapter(near, new PhysicalAddress(Address));
        HostBus host = fixture.Machine.RestoreHost(bus);
        adapter.RestoreState(state);
        Assert.Equal(state, adapter.SaveState());
        await host.OfferAsync(NetworkAdapter.Offer(), adapter);
        await host.CompleteRestoreAsync();
        Assert.All(await Task.WhenAll(sending).WaitAsync(Patience.Limit), status => Assert.Equal(NvspStatus.Success, status));
        // The guest's filter holds, its section is its own until it gives it back, and both ways go on.
        Assert.True(far.TrySend(Frame(seed: 3)));
        Assert.Equal(Frame(seed: 3), await fixture.Guest.FrameAsync());
        fixture.Guest.CompletesAtOnce = true;
        await fixture.Guest.CompleteHeldAsync();
        Assert.Equal(Address, (await fixture.Guest.QueryAsync(RndisOid.PermanentAddress)).Value);
        Assert.Equal(0, adapter.Statistics.Rejected);
    }

    [Fact]
    public async Task A_state_that_is_damaged_is_refused()
    {
        await using NetworkFixture fixture = await MakeAsync();
        fixture.Guest.CompletesAtOnce = false;
        Assert.True(fixture.Far.TrySend(Frame()));
        await fixture.Guest.FrameAsync();
        byte[] bus = await fixture.Machine.SaveHostAsync(), state = fixture.Adapter.SaveState();
        for (int length = 0; length < state.Length; length++)
            Assert.Throws<ArgumentException>(() => fixture.Adapter.RestoreState(state.AsSpan(0, length)));
        Assert.Throws<ArgumentException>(() => fixture.Adapter.RestoreState([.. state, 0]));
        var dice = new Random(1);
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = [.. state];
            damaged[dice.Next(damaged.Length)] = (byte)dice.Next(256);
            Exception? thrown = Record.Exception(() => fixture.Adapter.RestoreState(damaged));
            Assert.True(thrown is null or ArgumentException, thrown?.ToString());
        }
        fixture.Adapter.RestoreState(state);
        Assert.Equal(state, fixture.Adapter.SaveState());
        HostBus host = fixture.Machine.RestoreHost(bus);
        await host.OfferAsync(NetworkAdapter.Offer(), fixture.Adapter);
        await host.CompleteRestoreAsync();
    }

    [Theory]
    // version, longest frame, initialized, filter, send buffer, receive buffer
    [InlineData(0u, 1514, false, 0u, false, false, true)]
    [InlineData(Nvsp.Version1, 1514, true, 9u, true, true, true)]
    [InlineData(Nvsp.Version1, 1514, false, 9u, false, false, true)]
    [InlineData(Nvsp.Version2, 9014, true, 9u, true, true, true)]
    [InlineData(Nvsp.Version61, 65535, false, 0u, false, false, true)]
    [InlineData(0u, 9014, false, 0u, false, false, false)]
    [InlineData(0u, 1514, true, 0u, false, false, false)]
    [InlineData(0u, 1514, false, 9u, false, false, false)]
    [InlineData(0u, 1514, false, 0u, true, false, false)]
    [InlineData(0u, 1514, false, 0u, false, true, false)]
    [InlineData(Nvsp.Version1, 9014, true, 9u, true, true, false)]
    [InlineData(3u, 1514, true, 9u, true, true, false)]
    public void A_state_that_no_negotiation_comes_to_is_refused(uint version, int maxFrame, bool isInitialized, uint filter, bool sends, bool receives, bool isGood)
    {
        var adapter = new NetworkAdapter(MemoryLink.Pair().One, new PhysicalAddress(Address));
        byte[] saved =
        [
            .. "NWA1"u8, .. BitConverter.GetBytes(version), .. BitConverter.GetBytes(maxFrame), .. BitConverter.GetBytes(isInitialized), .. BitConverter.GetBytes(filter),
            .. sends ? (byte[])[1, 7, 0, 0, 0, 8, 0, 0, 0] : [0],
            .. receives ? (byte[])[1, 6, 0, 0, 0, 1, 0, .. BitConverter.GetBytes(1600), .. BitConverter.GetBytes(100), 0, 0, 0, 0] : [0],
            0, 0, 0, 0,
        ];
        Exception? thrown = Record.Exception(() => adapter.RestoreState(saved));
        Assert.Equal(isGood, thrown is null);
        if (isGood)
            Assert.Equal(saved, adapter.SaveState());
        else
            Assert.IsType<ArgumentException>(thrown);
    }

    private static byte[] Information(uint type, byte[] value) => [.. BitConverter.GetBytes(12 + value.Length), .. BitConverter.GetBytes(type), 12, 0, 0, 0, .. value];
}

using System.Runtime.InteropServices;
using FsCheck.Xunit;
using static VmBus.Devices.Tests.Network.NetworkFixture;

namespace VmBus.Devices.Tests.Network;

/// <summary>Guests that break the rules: each rule is answered, counted, and the guest served on.</summary>
public sealed class HostileNetworkTests
{
    [Fact]
    public async Task Sections_that_are_not_there_are_refused()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] message = NetworkGuest.Message(Frame());
        // 16 pages are 10 sections of 6144 bytes. What is refused is a packet all the same.
        byte[] longest = NetworkGuest.Message(Frame(), padding: 6145 - message.Length);
        Assert.True(fixture.Machine.GuestPartition.Memory.TryWrite(fixture.Guest.SendPage + 8 * 6144, longest));
        Assert.True(fixture.Machine.GuestPartition.Memory.TryWrite(fixture.Guest.SendPage + 10 * 6144, message));
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([], section: 10, sectionSize: (uint)message.Length));
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([], section: 8, sectionSize: 6145));
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([], section: 0xFFFF_FFFE, sectionSize: 100));
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([], section: 9, sectionSize: uint.MaxValue));
        Assert.Equal(4, fixture.Adapter.Statistics.Rejected);
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(message, inSection: message.Length, section: 9));
        Assert.Equal(Frame(), await fixture.Far.ReceiveAsync());
    }

    [Fact]
    public async Task Messages_that_do_not_hold_what_they_say_are_refused_and_those_before_them_sent()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] good = NetworkGuest.Message(Frame());
        foreach (Action<byte[]> damage in new Action<byte[]>[]
        {
            message => message[4]++,                                        // longer than the packet
            message => message[4] = 7,                                      // shorter than a head
            message => message[4] = 43,                                     // shorter than a packet's head
            message => message[0] = 9,                                      // of no type
            message => MemoryMarshal.Write(message.AsSpan(8), 61),          // data behind the end
            message => MemoryMarshal.Write(message.AsSpan(8), uint.MaxValue),
            message => MemoryMarshal.Write(message.AsSpan(12), 13),         // shorter than a frame's head
            message => MemoryMarshal.Write(message.AsSpan(12), uint.MaxValue),
            message => MemoryMarshal.Write(message.AsSpan(32), 12),         // information where there is a frame
            message => MemoryMarshal.Write(message.AsSpan(32), uint.MaxValue),
        })
        {
            byte[] bad = [.. good];
            damage(bad);
            long before = fixture.Adapter.Statistics.Rejected;
            Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([.. good, .. bad]));
            Assert.Equal(Frame(), await fixture.Far.ReceiveAsync());
            Assert.Equal(before + 1, fixture.Adapter.Statistics.Rejected);
        }
        Assert.Equal(0, fixture.Far.Waiting);
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync([1, 0, 0]));
    }

    [Fact]
    public async Task Information_that_does_not_end_where_it_says_is_refused()
    {
        await using NetworkFixture fixture = await MakeAsync();
        foreach (byte[] information in new byte[][]
        {
            [11, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0],
            [0, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0],
            [16, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0],
            [12, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0],
            [12, 0, 0, 0, 6, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            [16, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 1, 2, 3, 4, 5],
            // Shorter than a head, with a whole one behind it.
            [4, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0],
        })
        {
            Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame(), information)));
        }
        Assert.Equal(0, fixture.Adapter.Statistics.FramesSent);
    }

    [Fact]
    public async Task Buffers_that_are_not_there_or_too_small_or_second_are_refused()
    {
        await using NetworkFixture fixture = await MakeAsync(negotiates: false);
        NetworkGuest guest = fixture.Guest;
        await guest.AskAsync<NvspInit, NvspInitComplete>(NvspMessageType.Init, new() { MinVersion = Nvsp.Version61, MaxVersion = Nvsp.Version61 });
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspReceiveBufferComplete>(NvspMessageType.SendReceiveBuffer, new() { Gpadl = 0xDEAD })).Status);
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspSendBufferComplete>(NvspMessageType.SendSendBuffer, new() { Gpadl = 0xDEAD })).Status);
        ulong pages = fixture.Machine.GuestPartition.Memory.AllocatePages(4);
        uint small = await fixture.Bus.ShareAsync(guest.Offer, pages, 3), tiny = await fixture.Bus.ShareAsync(guest.Offer, pages + 3 * 4096, 1);
        // Eight sections are for answers: with no more there is none for a frame.
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspReceiveBufferComplete>(NvspMessageType.SendReceiveBuffer, new() { Gpadl = small })).Status);
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspSendBufferComplete>(NvspMessageType.SendSendBuffer, new() { Gpadl = tiny })).Status);
        await guest.ShareAsync();
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspReceiveBufferComplete>(NvspMessageType.SendReceiveBuffer, new() { Gpadl = guest.ReceiveGpadl })).Status);
        uint large = await fixture.Bus.ShareAsync(guest.Offer, guest.ReceivePage, 2);
        Assert.Equal(NvspStatus.Success, (await guest.AskAsync<NvspBuffer, NvspSendBufferComplete>(NvspMessageType.SendSendBuffer, new() { Gpadl = large })).Status);
        Assert.Equal(NvspStatus.Fail, (await guest.AskAsync<NvspBuffer, NvspSendBufferComplete>(NvspMessageType.SendSendBuffer, new() { Gpadl = large })).Status);
        Assert.Equal(6, fixture.Adapter.Statistics.Rejected);
        await guest.InitializeAsync();
    }

    [Fact]
    public async Task Completions_of_what_was_not_sent_are_counted_and_free_nothing()
    {
        await using NetworkFixture fixture = await MakeAsync();
        fixture.Guest.CompletesAtOnce = false;
        Assert.True(fixture.Far.TrySend(Frame()));
        await fixture.Guest.FrameAsync();
        await fixture.UntilAsync(() => fixture.Guest.Held == 1);
        foreach (ulong id in new ulong[] { 0, 1, ulong.MaxValue, fixture.Guest.Sections.SubAllocationCount, fixture.Guest.Sections.SubAllocationCount + 1 })
            await fixture.Guest.CompleteAsync(id);
        await fixture.Guest.CompleteHeldAsync();
        await fixture.UntilAsync(() => fixture.Adapter.Statistics.Rejected == 5);
        fixture.Guest.CompletesAtOnce = true;
        Assert.True(fixture.Far.TrySend(Frame(seed: 2)));
        Assert.Equal(Frame(seed: 2), await fixture.Guest.FrameAsync());
    }

    [Fact]
    public async Task Memory_that_is_revoked_or_taken_back_gets_no_more_frames()
    {
        await using NetworkFixture fixture = await MakeAsync();
        await fixture.Guest.TellAsync(NvspMessageType.RevokeReceiveBuffer, (ushort)NetworkGuest.ReceiveBufferId);
        // What comes behind it is answered: the revoke was read.
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
        Assert.True(fixture.Far.TrySend(Frame()));
        await fixture.UntilAsync(() => fixture.Adapter.Statistics.FramesLost == 1);
        byte[] question = [(byte)RndisMessageType.KeepAlive, 0, 0, 0, 12, 0, 0, 0, 1, 2, 3, 4];
        Assert.Equal(NvspStatus.Fail, await fixture.Guest.SendAsync(question, NvspRndisPacket.Control));
        // Given again, and its handle taken back without a word.
        await fixture.Guest.ShareAsync();
        await fixture.Bus.UnshareAsync(fixture.Guest.ReceiveGpadl);
        await fixture.UntilAsync(() =>
        {
            Assert.True(fixture.Far.TrySend(Frame()));
            return fixture.Adapter.Statistics.FramesLost > 2;
        });
    }

    [Fact]
    public async Task A_frame_that_waits_for_memory_that_is_revoked_is_lost()
    {
        await using NetworkFixture fixture = await MakeAsync(room: 2000);
        fixture.Guest.CompletesAtOnce = false;
        int sections = (int)fixture.Guest.Sections.SubAllocationCount - ReceiveBuffer.ControlSections;
        for (int one = 0; one < sections + 1; one++)
            Assert.True(fixture.Far.TrySend(Frame()));
        await fixture.UntilAsync(() => fixture.Guest.Frames.Count == sections && fixture.Near.Waiting == 0);
        Assert.Equal(0, fixture.Adapter.Statistics.FramesLost);
        await fixture.Guest.TellAsync(NvspMessageType.RevokeReceiveBuffer, NetworkGuest.ReceiveBufferId);
        await fixture.UntilAsync(() => fixture.Adapter.Statistics.FramesLost == 1);
    }

    [Fact]
    public async Task A_frame_fills_a_section_and_no_byte_more()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] fitting = Frame((int)fixture.Guest.Sections.SubAllocationSize - Rndis.PacketHeaderSize);
        Assert.True(fixture.Far.TrySend([.. fitting, 0]));
        Assert.True(fixture.Far.TrySend(fitting));
        Assert.Equal(fitting, await fixture.Guest.FrameAsync());
        Assert.Equal(1, fixture.Adapter.Statistics.FramesLost);
    }

    [Fact]
    public async Task Frames_before_the_adapter_is_initialized_are_refused()
    {
        await using NetworkFixture fixture = await MakeAsync();
        byte[] halt = [(byte)RndisMessageType.Halt, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0];
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(halt, NvspRndisPacket.Control));
        Assert.Equal(NvspStatus.InvalidRndisPacket, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
        await fixture.Guest.InitializeAsync();
        Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(NetworkGuest.Message(Frame())));
    }

    [Property(MaxTest = 20)]
    public void A_guest_that_sends_anything_is_served_on(int seed)
    {
        SendAnythingAsync(seed).WaitAsync(Patience.Limit).GetAwaiter().GetResult();

        static async Task SendAnythingAsync(int seed)
        {
            await using NetworkFixture fixture = await MakeAsync(room: 4096);
            var dice = new Random(seed);
            byte[] good = NetworkGuest.Message(Frame(100));
            for (int round = 0; round < 200; round++)
            {
                byte[] bad = [.. good];
                for (int damage = dice.Next(1, 4); damage > 0; damage--)
                    bad[dice.Next(44)] = (byte)dice.Next(256);
                switch (dice.Next(4))
                {
                    case 0:
                        await fixture.Guest.SendAsync(bad);
                        break;
                    case 1:
                        await fixture.Guest.SendAsync(bad, NvspRndisPacket.Control);
                        break;
                    case 2:
                        await fixture.Guest.SendAsync(bad[..dice.Next(1, 100)], (uint)dice.Next(2), section: (uint)dice.Next(12), sectionSize: (uint)dice.Next(7000));
                        break;
                    default:
                        await fixture.Guest.CompleteAsync((ulong)dice.NextInt64(0, 200));
                        break;
                }
            }
            // It may have halted itself, or changed its filter.
            await fixture.Guest.InitializeAsync();
            await fixture.Guest.SetFilterAsync(PacketFilter.Directed);
            while (fixture.Far.Waiting > 0)
                await fixture.Far.ReceiveAsync();
            Assert.Equal(NvspStatus.Success, await fixture.Guest.SendAsync(good));
            Assert.Equal(Frame(100), await fixture.Far.ReceiveAsync());
            Assert.True(fixture.Far.TrySend(Frame(seed: 5)));
            Assert.Equal(Frame(seed: 5), await fixture.Guest.FrameAsync());
        }
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Many requests at once, several channels, a bus that is saved.</summary>
public sealed class StorageChannelTests
{
    [Fact]
    public async Task Requests_run_beside_each_other_up_to_the_depth_and_the_rest_wait()
    {
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(2048) { Gate = gate.Task }, new ScsiControllerOptions { QueueDepth = 8 });
        Task<(StorageResult Result, byte[] Data)>[] reads = [.. Enumerable.Range(0, 50).Select(lba => fixture.Guest.ReadAsync(Cdb.Read16((ulong)lba, 1), 512))];
        await DiskFixture.UntilAsync(() => fixture.Disk.Running == 8);
        gate.SetResult();
        Assert.All(await Task.WhenAll(reads), read => Assert.True(read.Result.IsGood));
        Assert.Equal(8, fixture.Disk.MostRunning);
        Assert.Equal(50, fixture.Controller.Statistics.Reads);
    }

    [Fact]
    public async Task A_flush_that_hangs_holds_up_no_read()
    {
        var hang = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, new MemoryDisk(8) { Gate = hang.Task });
        // A call that blocks its thread, as a file's does.
        fixture.Controller.Attach(2, new BlockingDisk(hang.Task));
        Task<StorageResult> flush = fixture.Guest.WriteAsync(Cdb.SynchronizeCache10(), lun: 1);
        Task<StorageResult> blocked = fixture.Guest.WriteAsync(Cdb.SynchronizeCache10(), lun: 2);
        for (int round = 0; round < 100; round++)
            Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512)).Result.IsGood);
        Assert.False(flush.IsCompleted || blocked.IsCompleted);
        hang.SetResult();
        Assert.True((await flush).IsGood);
        Assert.True((await blocked).IsGood);
    }

    [Fact]
    public async Task The_guest_has_the_subchannels_it_asks_for_and_each_carries_commands()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal(NtStatus.InvalidParameter, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 9)).Status);
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 2)).Status);
        Assert.Equal(NtStatus.InvalidDeviceState, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        await using StorageGuest first = await OpenSubchannelAsync(fixture, 1), second = await OpenSubchannelAsync(fixture, 2);
        byte[] data = ScsiCommandTests.Random(512);
        Assert.True((await first.WriteAsync(Cdb.Write16(5, 1), data)).IsGood);
        Assert.Equal(data, (await second.ReadAsync(Cdb.Read16(5, 1), 512)).Data);
        Assert.Equal(data, (await fixture.Guest.ReadAsync(Cdb.Read16(5, 1), 512)).Data);
        // Nothing is negotiated there.
        Assert.Equal(NtStatus.InvalidDeviceState, (await first.ControlAsync(StorageOperation.BeginInitialization)).Status);
        Assert.Equal(NtStatus.InvalidDeviceState, (await first.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        Assert.Equal(NtStatus.Success, (await first.ControlAsync(StorageOperation.ResetBus)).Status);
    }

    [Fact]
    public async Task Subchannels_go_when_the_controller_is_opened_again()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 2)).Status);
        StorageGuest subchannel = await OpenSubchannelAsync(fixture, 1);
        await fixture.Guest.DisposeAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        await subchannel.Channel.Completion.WaitAsync(Patience.Limit);
        await subchannel.DisposeAsync();
        Assert.Equal(NtStatus.Success, (await again.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        await using StorageGuest anew = await OpenSubchannelAsync(fixture, 1);
        Assert.True((await anew.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    // A Linux guest that hibernates closes its channels, and waits for the end of its subchannels before it unloads.
    [Fact]
    public async Task Subchannels_go_when_the_controller_is_closed()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 2)).Status);
        StorageGuest subchannel = await OpenSubchannelAsync(fixture, 1);
        await fixture.Guest.DisposeAsync();
        await subchannel.Channel.Completion.WaitAsync(Patience.Limit);
        await subchannel.DisposeAsync();

        // Nothing is left of them that a saved controller would offer again.
        byte[] bus = await fixture.Machine.SaveHostAsync(), state = fixture.Controller.SaveState();
        HostBus host = fixture.Machine.RestoreHost(bus);
        var controller = new ScsiController(new ScsiControllerOptions { OfferSubchannel = (_, _) => throw new InvalidOperationException("A subchannel was offered that nothing asked for.") });
        controller.Attach(0, fixture.Disk);
        await controller.RestoreAsync(state, ScsiController.Offer());
        await host.OfferAsync(ScsiController.Offer(), controller);
        await host.CompleteRestoreAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await again.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Fact]
    public async Task Without_a_way_to_offer_them_there_are_no_subchannels()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(options: new ScsiControllerOptions(), negotiates: false);
        StorageChannelProperties properties = await fixture.Guest.NegotiateAsync(StorageProtocolVersion.V6_0);
        Assert.Equal((0, 0u), (properties.MaxChannelCount, properties.Flags));
        Assert.Equal(NtStatus.InvalidParameter, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        await using DiskFixture failing = await DiskFixture.MakeAsync(options: new ScsiControllerOptions { OfferSubchannel = (_, _) => throw new InvalidOperationException("no") });
        Assert.Equal(NtStatus.InvalidParameter, (await failing.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        Assert.True((await failing.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Fact]
    public async Task A_bus_that_is_saved_amid_requests_loses_none_and_the_guest_goes_on()
    {
        const int Requests = 100;
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(2048) { Gate = gate.Task }, new ScsiControllerOptions { QueueDepth = 16 });
        Task<StorageResult>[] writes = [.. Enumerable.Range(0, Requests).Select(lba => fixture.Guest.WriteAsync(Cdb.Write16((ulong)lba, 1), ScsiCommandTests.Random(512)))];
        await DiskFixture.UntilAsync(() => fixture.Disk.Running == 16);
        Task<byte[]> saving = fixture.Machine.SaveHostAsync();
        Assert.Throws<InvalidOperationException>(fixture.Controller.SaveState);
        gate.SetResult();
        byte[] bus = await saving.WaitAsync(Patience.Limit), state = fixture.Controller.SaveState();
        Assert.True(writes.Count(write => write.IsCompleted) < Requests);

        // Another controller, as in another process.
        var controller = new ScsiController(new ScsiControllerOptions { QueueDepth = 4 });
        controller.Attach(0, fixture.Disk);
        HostBus host = fixture.Machine.RestoreHost(bus);
        await controller.RestoreAsync(state, ScsiController.Offer());
        await host.OfferAsync(ScsiController.Offer(), controller);
        await host.CompleteRestoreAsync();
        Assert.All(await Task.WhenAll(writes).WaitAsync(Patience.Limit), write => Assert.True(write.IsGood));
        Assert.Equal(Requests, fixture.Controller.Statistics.Writes + controller.Statistics.Writes);
        Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512)).Result.IsGood);
        Assert.Equal(StorageProtocolVersion.V6_2, controller.Protocol.Version);
    }

    [Fact]
    public async Task Subchannels_are_there_after_a_restore()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        await using StorageGuest subchannel = await OpenSubchannelAsync(fixture, 1);
        Assert.True((await subchannel.WriteAsync(Cdb.TestUnitReady())).IsGood);
        byte[] bus = await fixture.Machine.SaveHostAsync(), state = fixture.Controller.SaveState();
        HostBus host = fixture.Machine.RestoreHost(bus);
        var controller = new ScsiController(new ScsiControllerOptions { OfferSubchannel = (offer, device) => host.OfferAsync(offer, device) });
        controller.Attach(0, fixture.Disk);
        await controller.RestoreAsync(state, ScsiController.Offer());
        await host.OfferAsync(ScsiController.Offer(), controller);
        await host.CompleteRestoreAsync();
        Assert.True((await subchannel.WriteAsync(Cdb.TestUnitReady())).IsGood);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Fact]
    public async Task A_state_that_is_damaged_is_refused()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        await fixture.Machine.SaveHostAsync();
        byte[] state = fixture.Controller.SaveState();
        var controller = new ScsiController();
        for (int length = 0; length < state.Length; length++)
            await Assert.ThrowsAsync<ArgumentException>(() => controller.RestoreAsync(state.AsMemory(0, length), ScsiController.Offer()));
        byte[] many = [.. state];
        many[12] = 0x7F;
        await Assert.ThrowsAsync<ArgumentException>(() => controller.RestoreAsync(many, ScsiController.Offer()));
        byte[] subchannels = [.. state];
        subchannels[7] = 1;
        await Assert.ThrowsAsync<ArgumentException>(() => controller.RestoreAsync(subchannels, ScsiController.Offer()));
        await controller.RestoreAsync(state, ScsiController.Offer());
        Assert.True(controller.Protocol.IsReady);
    }

    [Theory]
    // begin, version: nothing is negotiated
    [InlineData(0, 0, 0, 0, true)]
    [InlineData(1, 0, 0, 0, true)]
    [InlineData(0, StorageProtocolVersion.V6_2, 0, 0, false)]
    [InlineData(1, StorageProtocolVersion.V5_1, 0, 0, false)]
    [InlineData(0, 0, 1, 0, false)]
    [InlineData(1, 0, 1, 0, false)]
    // properties, end: a version
    [InlineData(2, StorageProtocolVersion.V5_1, 0, 0, true)]
    [InlineData(3, StorageProtocolVersion.V6_0, 0, 0, true)]
    [InlineData(2, 0, 0, 0, false)]
    [InlineData(3, 0, 0, 0, false)]
    [InlineData(3, 0x0700, 0, 0, false)]
    [InlineData(2, StorageProtocolVersion.V6_2, 1, 0, false)]
    [InlineData(3, StorageProtocolVersion.V6_2, 1, 0, false)]
    // ready: and subchannels, which have answers
    [InlineData(4, StorageProtocolVersion.V6_2, 0, 0, true)]
    [InlineData(4, StorageProtocolVersion.V6_2, 2, 2, true)]
    [InlineData(4, 0, 0, 0, false)]
    [InlineData(4, 0x0603, 0, 0, false)]
    [InlineData(4, StorageProtocolVersion.V6_2, 2, 3, false)]
    [InlineData(3, StorageProtocolVersion.V6_2, 0, 1, false)]
    [InlineData(5, StorageProtocolVersion.V6_2, 0, 0, false)]
    public async Task A_state_that_no_negotiation_comes_to_is_refused(byte state, int version, byte subchannels, byte answered, bool isGood)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        int offers = 0;
        var controller = new ScsiController(new ScsiControllerOptions
        {
            OfferSubchannel = (offer, device) => fixture.Machine.Host.OfferAsync(offer with { InterfaceInstance = new Guid(++offers, 1, 1, new byte[8]), SubchannelIndex = 0 }, device),
        });
        byte[] saved = [.. "SDS1"u8, state, (byte)version, (byte)(version >> 8), subchannels, 0, 1, 0, 0, 0, answered, 0, .. new byte[8 + StoragePacketHeader.PacketSize]];
        Exception? thrown = await Record.ExceptionAsync(() => controller.RestoreAsync(saved, ScsiController.Offer()));
        if (isGood)
        {
            Assert.Null(thrown);
            Assert.Equal(saved, controller.SaveState());
        }
        else
        {
            Assert.IsType<ArgumentException>(thrown);
        }
        Assert.Equal(isGood ? subchannels : 0, offers);
    }

    /// <summary>A guest sends anything; another disk's guest is served, and nothing is left behind.</summary>
    [Fact]
    public async Task A_hostile_guest_harms_itself_alone()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        var other = new ScsiController();
        other.Attach(0, new MemoryDisk(64));
        HostOffer offer = ScsiController.Offer(instance: Guid.NewGuid());
        await fixture.Machine.Host.OfferAsync(offer, other);
        await using StorageGuest good = await StorageGuest.OpenAsync(fixture.Machine, offer);
        var random = new Random(7);
        ulong pages = fixture.Guest.Allocate(16 * 4096 - 8) / 4096;
        int sent = 0;
        for (long start = Stopwatch.GetTimestamp(); sent < 20_000 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20); sent++)
        {
            SendAnything(fixture.Guest.Channel, random, pages);
            if (sent % 500 == 0)
                Assert.True((await good.ReadAsync(Cdb.Read16(0, 8), 4096)).Result.IsGood);
        }
        Assert.True((await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
        await fixture.Guest.DisposeAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await again.ReadAsync(Cdb.Read16(0, 1), 512)).Result.IsGood);
        Assert.Equal(0, fixture.Disk.Running);
        HostBusStatistics statistics = await fixture.Machine.Host.GetStatisticsAsync();
        Assert.Equal((0, 0), (statistics.DeviceFailures, statistics.LostServices));
        Assert.True(fixture.Controller.Statistics.RejectedPackets > 0);
    }

    [Fact]
    public async Task A_guest_that_breaks_its_ring_behind_whole_packets_can_close_and_open_again()
    {
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        var disk = new BlockingDisk(gate.Task);
        fixture.Controller.Attach(1, disk);
        // Quick as it was, the disk is read where packets are, and holds up the next.
        Task<(StorageResult Result, byte[] Data)> read = fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512, lun: 1);
        await DiskFixture.UntilAsync(() => disk.IsReading);
        const ulong Marker = 0xC0FF_EE00_1234_5678;
        VmBusChannel channel = fixture.Guest.Channel;
        for (ulong packet = 0; packet < 3; packet++)
            Assert.True(channel.TrySend(OutgoingPacket.Request(StorageGuest.Packet(StorageOperation.ResetBus), Marker + packet)));
        Corrupt(fixture.Machine.GuestPartition.Memory, Marker + 2);
        gate.SetResult();
        await fixture.Guest.DisposeAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await again.WriteAsync(Cdb.TestUnitReady())).IsGood);
        HostBusStatistics statistics = await fixture.Machine.Host.GetStatisticsAsync();
        Assert.Equal(0, statistics.LostServices);
        _ = read;
    }

    // Finds a packet by its transaction id, and makes it shorter than its own head.
    private static void Corrupt(GuestMemory memory, ulong transactionId)
    {
        Span<byte> bytes = memory.Bytes(0, (int)memory.Size);
        Span<byte> id = stackalloc byte[8];
        BitConverter.TryWriteBytes(id, transactionId);
        int at = bytes.IndexOf(id);
        Assert.True(at > 8, "the packet is not in the ring");
        bytes[at - 4] = bytes[at - 3] = 0;
    }

    private static void SendAnything(VmBusChannel channel, Random random, ulong first)
    {
        var packet = new byte[8 * random.Next(12)];
        random.NextBytes(packet);
        if (packet.Length >= 64 && random.Next(4) != 0)
        {
            var header = new StoragePacketHeader { Operation = random.Next(8) == 0 ? (StorageOperation)random.Next(16) : StorageOperation.ExecuteSrb };
            MemoryMarshal.Write(packet, in header);
            // Mostly a command to a disk, of a length that its memory may have.
            byte[] operations = [0x00, 0x03, 0x08, 0x0A, 0x12, 0x1A, 0x25, 0x28, 0x2A, 0x35, 0x42, 0x5A, 0x88, 0x8A, 0x91, 0x93, 0x9E, 0xA0];
            packet[12 + 16] = operations[random.Next(operations.Length)];
            packet[12 + 5] = packet[12 + 6] = 0;
            packet[12 + 7] = (byte)random.Next(2);
            packet[12 + 8] = 16;
            packet[12 + 14] = packet[12 + 15] = 0;
        }
        ulong id = random.Next(3) == 0 ? 0 : (ulong)random.NextInt64();
        int pages = random.Next(4);
        if (pages == 0)
        {
            channel.TrySend(packet, new SendOptions { TransactionId = id, Flags = random.Next(3) == 0 ? PacketFlags.None : PacketFlags.CompletionRequested });
            return;
        }
        var numbers = new ulong[pages];
        for (int page = 0; page < pages; page++)
            numbers[page] = random.Next(4) == 0 ? (ulong)random.NextInt64() | 1 << 20 : first + (ulong)random.Next(16);
        var writer = new GpaDirectHeaderWriter(new byte[16 + 8 * pages]);
        uint offset = (uint)random.Next(4096);
        writer.AddRange((uint)((pages * 4096) - (int)offset), offset, numbers);
        channel.TrySend(OutgoingPacket.GpaDirect(writer, packet, id));
    }

    private static async Task<StorageGuest> OpenSubchannelAsync(DiskFixture fixture, ushort index) =>
        new(await fixture.Machine.OpenAsync(ScsiController.Offer() with { SubchannelIndex = index }), fixture.Machine.GuestPartition.Memory);

    private sealed class BlockingDisk(Task gate) : IBlockDevice
    {
        public long Length => 4096;

        public bool IsReadOnly => false;

        public bool CanUnmap => false;

        private int _reading;

        public bool IsReading => Volatile.Read(ref _reading) != 0;

        public ValueTask ReadAsync(long offset, Memory<byte> destination)
        {
            Volatile.Write(ref _reading, 1);
            gate.Wait();
            return default;
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source) => default;

        public ValueTask FlushAsync()
        {
            gate.Wait();
            return default;
        }

        public ValueTask UnmapAsync(long offset, long length) => default;
    }
}

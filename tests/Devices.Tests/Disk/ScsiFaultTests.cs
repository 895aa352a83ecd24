using System.Buffers.Binary;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Commands that cannot be carried out, and what a guest is told.</summary>
public sealed class ScsiFaultTests
{
    [Theory]
    [InlineData(2048, 1)]
    [InlineData(2047, 2)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue / 512, 8)]
    [InlineData(1ul << 55, 8)]
    public async Task Blocks_beyond_the_end_are_out_of_range(ulong lba, uint count)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal((5, 0x2100), (await fixture.Guest.ReadAsync(Cdb.Read16(lba, count), (int)count * 512)).Result.Failure);
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.Write16(lba, count), new byte[count * 512])).Failure);
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.WriteSame16(lba, count, 0), new byte[512])).Failure);
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.Unmap(24), Cdb.UnmapList((lba, count)))).Failure);
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.Transfer16(0x91, lba, count))).Failure);
        Assert.Equal(5, fixture.Controller.Statistics.FailedCommands);
    }

    [Fact]
    public async Task Memory_shorter_than_the_command_is_an_invalid_field_and_longer_is_left_alone()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Disk.Bytes.AsSpan().Fill(7);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ReadAsync(Cdb.Read16(0, 2), 1023)).Result.Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.Write16(0, 2), new byte[1023])).Failure);
        (StorageResult result, byte[] data) = await fixture.Guest.ReadAsync(Cdb.Read16(0, 2), 4096);
        Assert.True(result.IsGood);
        Assert.Equal(1024u, result.Block.DataTransferLength);
        Assert.All(data[..1024], b => Assert.Equal(7, b));
        Assert.All(data[1024..], b => Assert.Equal(0, b));
        // And no memory at all.
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.Read16(0, 1))).Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.Inquiry())).Failure);
    }

    [Fact]
    public async Task A_length_that_the_packet_has_no_memory_for_is_refused()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        ulong pages = fixture.Guest.Allocate(1024);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 2), ScsiRequestBlock.DataIn, pages, 512, 1024)).Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 1), ScsiRequestBlock.DataIn, pages, 0, 512)).Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 2), ScsiRequestBlock.DataIn, pages, 1024, -1)).Failure);
        // More memory than the length: what the length says counts.
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 2), ScsiRequestBlock.DataIn, pages, 1024, 512)).Failure);
    }

    [Fact]
    public async Task Data_in_the_wrong_direction_are_not_moved()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        ulong pages = fixture.Guest.Allocate(512);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 1), ScsiRequestBlock.DataOut, pages, 512, 512)).Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Write16(0, 1), ScsiRequestBlock.DataIn, pages, 512, 512)).Failure);
        Assert.Equal((0, 0), (fixture.Controller.Statistics.Reads, fixture.Controller.Statistics.Writes));
    }

    [Fact]
    public async Task Pages_outside_the_guests_memory_abort_the_command()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        foreach (ulong pages in new ulong[] { 1ul << 40, 16ul << 20, 0xFFFF_FFFF_F000 })
        {
            Assert.Equal((0xB, 0x4B00), (await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 1), ScsiRequestBlock.DataIn, pages, 512, 512)).Failure);
            Assert.Equal((0xB, 0x4B00), (await fixture.Guest.ExecuteAsync(Cdb.Write16(0, 1), ScsiRequestBlock.DataOut, pages, 512, 512)).Failure);
            Assert.Equal((0xB, 0x4B00), (await fixture.Guest.ExecuteAsync(Cdb.Inquiry(), ScsiRequestBlock.DataIn, pages, 512, 512)).Failure);
            Assert.Equal((0xB, 0x4B00), (await fixture.Guest.ExecuteAsync(Cdb.Unmap(24), ScsiRequestBlock.DataOut, pages, 512, 512)).Failure);
        }
        Assert.True((await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(17)]
    [InlineData(255)]
    public async Task A_command_of_impossible_length_is_an_invalid_field(byte length)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        ulong pages = fixture.Guest.Allocate(512);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ExecuteAsync(Cdb.Transfer10(0x28, 0, 1), ScsiRequestBlock.DataIn, pages, 512, 512, commandLength: length)).Failure);
    }

    [Fact]
    public async Task Protection_information_that_no_disk_has_is_refused()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Assert.Equal((5, 0x2400), (await fixture.Guest.ReadAsync(Cdb.Read16(0, 1, flags: 0x20), 512)).Result.Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.Write16(0, 1, flags: 0x20), new byte[512])).Failure);
    }

    [Fact]
    public async Task A_disk_that_is_read_only_takes_no_change()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64, isReadOnly: true));
        Assert.Equal((7, 0x2700), (await fixture.Guest.WriteAsync(Cdb.Write16(0, 1), new byte[512])).Failure);
        Assert.Equal((7, 0x2700), (await fixture.Guest.WriteAsync(Cdb.WriteSame16(0, 1, 0), new byte[512])).Failure);
        Assert.Equal((7, 0x2700), (await fixture.Guest.WriteAsync(Cdb.Unmap(24), Cdb.UnmapList((0, 1)))).Failure);
        Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512)).Result.IsGood);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.SynchronizeCache10())).IsGood);
        Assert.Equal(0, fixture.Disk.Flushes);
    }

    [Theory]
    [InlineData("read", 3, 0x1100)]
    [InlineData("write", 3, 0x0C00)]
    [InlineData("flush", 3, 0x0C00)]
    [InlineData("unmap", 3, 0x0C00)]
    public async Task An_error_of_the_storage_is_a_medium_error(string what, int key, int code)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Disk.Fails = called => called == what ? new IOException("EIO", 5) : null;
        Assert.Equal((key, code), (await Provoke(fixture, what)).Failure);
        fixture.Disk.Fails = called => called == what ? new EndOfStreamException() : null;
        Assert.Equal((key, code), (await Provoke(fixture, what)).Failure);
        fixture.Disk.Fails = null;
        Assert.True((await Provoke(fixture, what)).IsGood);
    }

    [Theory]
    [InlineData(28)]
    [InlineData(122)]
    [InlineData(unchecked((int)0x80070070))]
    public async Task A_full_volume_is_a_failed_space_allocation(int error)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Disk.Fails = what => what == "write" ? new IOException("full", error) : null;
        Assert.Equal((7, 0x2707), (await Provoke(fixture, "write")).Failure);
    }

    [Fact]
    public async Task A_fault_of_the_device_is_a_hardware_error_and_the_next_command_goes_on()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Disk.Fails = _ => new InvalidOperationException("a bug");
        foreach (string what in new[] { "read", "write", "flush", "unmap" })
            Assert.Equal((4, 0x4400), (await Provoke(fixture, what)).Failure);
        fixture.Disk.Fails = _ => new UnauthorizedAccessException();
        Assert.Equal((7, 0x2700), (await Provoke(fixture, "write")).Failure);
        fixture.Disk.Fails = null;
        Assert.True((await Provoke(fixture, "read")).IsGood);
    }

    [Fact]
    public async Task A_lun_that_is_not_there_says_so_by_its_qualifier_and_takes_no_command()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        ulong pages = fixture.Guest.Allocate(255);
        foreach ((byte path, byte target, byte lun) in new (byte, byte, byte)[] { (0, 0, 1), (0, 0, 63), (0, 0, 64), (0, 0, 255), (1, 0, 0), (0, 1, 0) })
        {
            StorageResult result = await fixture.Guest.ExecuteAsync(Cdb.Inquiry(), ScsiRequestBlock.DataIn, pages, 255, 255, lun, path: path, target: target);
            Assert.True(result.IsGood);
            var data = new byte[96];
            Assert.True(fixture.Machine.GuestPartition.Memory.TryRead(pages + 8, data));
            Assert.Equal((0x7F, 5), (data[0], data[2]));
            result = await fixture.Guest.ExecuteAsync(Cdb.Inquiry(0x83), ScsiRequestBlock.DataIn, pages, 255, 255, lun, path: path, target: target);
            Assert.Equal((5, 0x2500), result.Failure);
            result = await fixture.Guest.ExecuteAsync(Cdb.Read16(0, 0), ScsiRequestBlock.DataIn, pages, 255, 255, lun, path: path, target: target);
            Assert.Equal((SrbStatus.InvalidLun, NtStatus.DeviceDoesNotExist), (result.Block.SrbStatus, result.Header.Status));
        }
    }

    [Fact]
    public async Task Luns_are_reported_as_they_are_attached_and_only_there()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(5, new MemoryDisk(8));
        fixture.Controller.Attach(63, new MemoryDisk(8));
        Assert.Equal([0, 5, 63], await LunsAsync());
        await fixture.Controller.DetachAsync(5);
        Assert.Equal([0, 63], await LunsAsync());
        ulong pages = fixture.Guest.Allocate(512);
        StorageResult elsewhere = await fixture.Guest.ExecuteAsync(Cdb.ReportLuns(512), ScsiRequestBlock.DataIn, pages, 512, 512, target: 1);
        Assert.Equal(8u, elsewhere.Block.DataTransferLength);

        async Task<List<int>> LunsAsync()
        {
            // Asked of any LUN, also of one that is not there.
            (StorageResult result, byte[] list) = await fixture.Guest.ReadAsync(Cdb.ReportLuns(1024), 1024, lun: 9);
            Assert.True(result.IsGood);
            int length = BinaryPrimitives.ReadInt32BigEndian(list);
            Assert.Equal(length + 8u, result.Block.DataTransferLength);
            return [.. Enumerable.Range(1, length / 8).Select(entry => (int)list[8 * entry + 1])];
        }
    }

    private static Task<StorageResult> Provoke(DiskFixture fixture, string what) => what switch
    {
        "read" => fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512).ContinueWith(read => read.Result.Result, TaskScheduler.Default),
        "write" => fixture.Guest.WriteAsync(Cdb.Write16(0, 1), new byte[512]),
        "flush" => fixture.Guest.WriteAsync(Cdb.SynchronizeCache10()),
        _ => fixture.Guest.WriteAsync(Cdb.Unmap(24), Cdb.UnmapList((0, 1))),
    };
}

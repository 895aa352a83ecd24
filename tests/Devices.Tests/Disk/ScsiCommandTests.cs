using System.Buffers.Binary;
using System.Text;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Every command a disk knows, as a guest sees its answer.</summary>
public sealed class ScsiCommandTests
{
    [Fact]
    public async Task Inquiry_names_a_disk_and_cuts_its_answer_at_what_was_asked_for()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        (StorageResult result, byte[] data) = await fixture.Guest.ReadAsync(Cdb.Inquiry(), 255);
        Assert.True(result.IsGood);
        Assert.Equal(96u, result.Block.DataTransferLength);
        Assert.Equal((0, 5, 91), (data[0], data[2], data[4]));
        Assert.Equal("Msft    Virtual Disk    1.0 ", Encoding.ASCII.GetString(data, 8, 28));

        (result, data) = await fixture.Guest.ReadAsync(Cdb.Inquiry(length: 36), 255);
        Assert.Equal(36u, result.Block.DataTransferLength);
        Assert.All(data[36..], b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(0x00, true, 6)]
    [InlineData(0x00, false, 5)]
    [InlineData(0x80, true, 32)]
    [InlineData(0x83, true, 20)]
    [InlineData(0xB0, true, 0x3C)]
    [InlineData(0xB1, true, 0x3C)]
    [InlineData(0xB2, true, 4)]
    public async Task Pages_of_vital_product_data_have_their_length(byte page, bool canUnmap, int length)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64, canUnmap: canUnmap));
        (StorageResult result, byte[] data) = await fixture.Guest.ReadAsync(Cdb.Inquiry(page), 255);
        Assert.True(result.IsGood);
        Assert.Equal((uint)length + 4, result.Block.DataTransferLength);
        Assert.Equal((page, length), (data[1], BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(2))));
    }

    [Fact]
    public async Task A_thin_disk_says_so_and_another_does_not()
    {
        await using DiskFixture thin = await DiskFixture.MakeAsync(new MemoryDisk(64));
        byte[] limits = (await thin.Guest.ReadAsync(Cdb.Inquiry(0xB0), 64)).Data;
        Assert.Equal((uint.MaxValue, 256u), (BinaryPrimitives.ReadUInt32BigEndian(limits.AsSpan(20)), BinaryPrimitives.ReadUInt32BigEndian(limits.AsSpan(24))));
        Assert.Equal(0xC4, (await thin.Guest.ReadAsync(Cdb.Inquiry(0xB2), 64)).Data[5]);
        Assert.Equal(0xC0, (await thin.Guest.ReadAsync(Cdb.ReadCapacity16(), 32)).Data[14]);

        await using DiskFixture thick = await DiskFixture.MakeAsync(new MemoryDisk(64, canUnmap: false));
        limits = (await thick.Guest.ReadAsync(Cdb.Inquiry(0xB0), 64)).Data;
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(limits.AsSpan(20)));
        Assert.Equal((5, 0x2400), (await thick.Guest.ReadAsync(Cdb.Inquiry(0xB2), 64)).Result.Failure);
        Assert.Equal(0, (await thick.Guest.ReadAsync(Cdb.ReadCapacity16(), 32)).Data[14]);
        Assert.Equal((5, 0x2000), (await thick.Guest.WriteAsync(Cdb.Unmap(24), Cdb.UnmapList((0, 1)))).Failure);
        Assert.Equal((5, 0x2400), (await thick.Guest.WriteAsync(Cdb.WriteSame16(0, 1, 0x08), new byte[512])).Failure);
    }

    [Fact]
    public async Task Two_disks_have_different_identities_and_each_keeps_its_own()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, new MemoryDisk(64));
        foreach (byte page in new byte[] { 0x80, 0x83 })
        {
            byte[] first = (await fixture.Guest.ReadAsync(Cdb.Inquiry(page), 64)).Data;
            Assert.Equal(first, (await fixture.Guest.ReadAsync(Cdb.Inquiry(page), 64)).Data);
            Assert.NotEqual(first, (await fixture.Guest.ReadAsync(Cdb.Inquiry(page), 64, lun: 1)).Data);
        }
    }

    [Fact]
    public async Task Capacity_is_the_last_block()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(1000));
        byte[] ten = (await fixture.Guest.ReadAsync(Cdb.ReadCapacity10(), 8)).Data;
        Assert.Equal((999u, 512u), (BinaryPrimitives.ReadUInt32BigEndian(ten), BinaryPrimitives.ReadUInt32BigEndian(ten.AsSpan(4))));
        byte[] sixteen = (await fixture.Guest.ReadAsync(Cdb.ReadCapacity16(), 32)).Data;
        Assert.Equal((999ul, 512u, 3), (BinaryPrimitives.ReadUInt64BigEndian(sixteen), BinaryPrimitives.ReadUInt32BigEndian(sixteen.AsSpan(8)), sixteen[13]));
    }

    [Fact]
    public void A_disk_of_terabytes_has_a_capacity_that_ten_byte_commands_cannot_tell()
    {
        var page = new byte[32];
        ScsiPages.WriteCapacity10(page, 1ul << 34);
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(page));
        ScsiPages.WriteCapacity16(page, 1ul << 34, true);
        Assert.Equal((1ul << 34) - 1, BinaryPrimitives.ReadUInt64BigEndian(page));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Mode_pages_tell_of_the_cache_and_of_write_protection(bool isReadOnly)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64, isReadOnly));
        int protection = isReadOnly ? 0x90 : 0x10;
        byte[] six = (await fixture.Guest.ReadAsync(Cdb.ModeSense6(0x08), 64)).Data;
        Assert.Equal((0x17, protection, 0x08, 0x12, 0x04), (six[0], six[2], six[4], six[5], six[6]));
        byte[] ten = (await fixture.Guest.ReadAsync(Cdb.ModeSense10(0x3F), 64)).Data;
        Assert.Equal((0x26, protection, 0x08, 0x0A), (ten[1], ten[3], ten[8], ten[28]));
        byte[] changeable = (await fixture.Guest.ReadAsync(Cdb.ModeSense6(0x48), 64)).Data;
        Assert.Equal(0, changeable[6]);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ReadAsync(Cdb.ModeSense6(0x1C), 64)).Result.Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.ReadAsync(Cdb.ModeSense6(0xC8), 64)).Result.Failure);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(16)]
    public async Task What_is_written_is_read_by_commands_of_each_length(int length)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        byte[] data = Random(5 * 512);
        (byte[] write, byte[] read) = length switch
        {
            6 => (Cdb.Transfer6(0x0A, 7, 5), Cdb.Transfer6(0x08, 7, 5)),
            10 => (Cdb.Transfer10(0x2A, 7, 5), Cdb.Transfer10(0x28, 7, 5)),
            12 => (Cdb.Transfer12(0xAA, 7, 5), Cdb.Transfer12(0xA8, 7, 5)),
            _ => (Cdb.Write16(7, 5), Cdb.Read16(7, 5)),
        };
        StorageResult written = await fixture.Guest.WriteAsync(write, data);
        Assert.True(written.IsGood);
        Assert.Equal(5 * 512u, written.Block.DataTransferLength);
        Assert.Equal(data, fixture.Disk.Bytes.AsSpan(7 * 512, 5 * 512));
        (StorageResult result, byte[] got) = await fixture.Guest.ReadAsync(read, 5 * 512);
        Assert.True(result.IsGood);
        Assert.Equal(data, got);
    }

    [Fact]
    public async Task The_shortest_commands_mean_256_blocks_by_none_and_the_others_mean_none()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        Random(256 * 512).CopyTo(fixture.Disk.Bytes, 0);
        (StorageResult result, byte[] data) = await fixture.Guest.ReadAsync(Cdb.Transfer6(0x08, 0, 0), 256 * 512);
        Assert.True(result.IsGood);
        Assert.Equal(fixture.Disk.Bytes[..(256 * 512)], data);
        result = await fixture.Guest.WriteAsync(Cdb.Read16(2048, 0));
        Assert.True(result.IsGood);
        Assert.Equal(0u, result.Block.DataTransferLength);
    }

    [Fact]
    public async Task A_transfer_longer_than_a_chunk_is_whole()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        byte[] data = Random(1000 * 512);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.Write16(1, 1000), data)).IsGood);
        Assert.Equal(data, (await fixture.Guest.ReadAsync(Cdb.Read16(1, 1000), 1000 * 512)).Data);
    }

    [Fact]
    public async Task A_flush_and_forced_unit_access_reach_the_device()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        await fixture.Guest.WriteAsync(Cdb.Write16(0, 1), new byte[512]);
        Assert.Equal(0, fixture.Disk.Flushes);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.Write16(0, 1, flags: 0x08), new byte[512])).IsGood);
        Assert.Equal(1, fixture.Disk.Flushes);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.SynchronizeCache10())).IsGood);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.SynchronizeCache16())).IsGood);
        Assert.Equal(3, fixture.Disk.Flushes);
        Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(0, 1, flags: 0x08), 512)).Result.IsGood);
        Assert.Equal(4, fixture.Disk.Flushes);
        Assert.Equal(2, fixture.Controller.Statistics.Flushes);
    }

    [Fact]
    public async Task Unmap_gives_each_range_back_or_none()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Disk.Bytes.AsSpan().Fill(7);
        byte[] list = Cdb.UnmapList((8, 8), (100, 1), (0, 0));
        Assert.True((await fixture.Guest.WriteAsync(Cdb.Unmap(list.Length), list)).IsGood);
        Assert.Equal([(8 * 512, 8 * 512), (100 * 512, 512)], fixture.Disk.Unmapped);
        list = Cdb.UnmapList((8, 8), (2048, 1));
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.Unmap(list.Length), list)).Failure);
        Assert.Equal(2, fixture.Disk.Unmapped.Count);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.Unmap(0))).IsGood);
        Assert.Equal((5, 0x1A00), (await fixture.Guest.WriteAsync(Cdb.Unmap(7), new byte[7])).Failure);
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.Unmap(24, flags: 1), Cdb.UnmapList((0, 1)))).Failure);
        list = Cdb.UnmapList(new (ulong, uint)[257]);
        Assert.Equal((5, 0x2600), (await fixture.Guest.WriteAsync(Cdb.Unmap(list.Length), list)).Failure);
    }

    [Fact]
    public async Task Write_same_repeats_a_block_and_gives_zeros_back()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        byte[] block = Random(512);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.WriteSame16(3, 700, 0), block)).IsGood);
        for (int at = 3; at < 703; at++)
            Assert.Equal(block, fixture.Disk.Bytes.AsSpan(at * 512, 512));
        Assert.All(fixture.Disk.Bytes[..(3 * 512)], b => Assert.Equal(0, b));
        Assert.True((await fixture.Guest.WriteAsync(Cdb.WriteSame16(3, 16, 0x08), new byte[512])).IsGood);
        Assert.Equal([(3 * 512, 16 * 512)], fixture.Disk.Unmapped);
        // Without a block of data, and up to the end.
        Assert.True((await fixture.Guest.WriteAsync(Cdb.WriteSame16(2000, 0, 0x09))).IsGood);
        Assert.Equal((2000 * 512, 48 * 512), fixture.Disk.Unmapped[1]);
        // A block that is not zeros is written, asked to unmap or not.
        Assert.True((await fixture.Guest.WriteAsync(Cdb.WriteSame16(10, 1, 0x08), block)).IsGood);
        Assert.Equal(block, fixture.Disk.Bytes.AsSpan(10 * 512, 512));
        Assert.Equal((5, 0x2400), (await fixture.Guest.WriteAsync(Cdb.WriteSame16(0, 1, 0x10), block)).Failure);
    }

    [Fact]
    public async Task Commands_without_data_are_good_and_unknown_ones_are_not()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        foreach (byte[] good in new byte[][] { Cdb.TestUnitReady(), [0x1B, 0, 0, 0, 1, 0], Cdb.Transfer10(0x2F, 0, 100), Cdb.Transfer16(0x8F, 0, 2048) })
            Assert.True((await fixture.Guest.WriteAsync(good)).IsGood);
        Assert.Equal((5, 0x2100), (await fixture.Guest.WriteAsync(Cdb.Transfer16(0x8F, 1, 2048))).Failure);
        (StorageResult result, byte[] sense) = await fixture.Guest.ReadAsync([0x03, 0, 0, 0, 18, 0], 18);
        Assert.True(result.IsGood);
        Assert.Equal(0x70, sense[0]);
        foreach (byte operation in new byte[] { 0x04, 0x1E, 0x4D, 0x5E, 0x83, 0xA3, 0xC0, 0xFF })
            Assert.Equal((5, 0x2000), (await fixture.Guest.WriteAsync([operation, .. new byte[15]])).Failure);
        Assert.Equal((5, 0x2000), (await fixture.Guest.ReadAsync([0x9E, 0x11, .. new byte[14]], 32)).Result.Failure);
    }

    internal static byte[] Random(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}

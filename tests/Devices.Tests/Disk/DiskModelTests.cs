using FsCheck.Xunit;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Devices.Tests.Disk;

/// <summary>A disk over an image against an array of bytes.</summary>
public sealed class DiskModelTests
{
    private const int Blocks = 4096;

    /// <summary>
    /// Law: after any sequence of writes, unmaps, repeated blocks and flushes, each read gives what an array gives that the same was
    /// done to, and the file has the array's bytes.
    /// </summary>
    [Property(MaxTest = 25)]
    public void A_disk_is_an_array_of_blocks(int seed) => RunAsync(seed).GetAwaiter().GetResult();

    private static async Task RunAsync(int seed)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[Blocks * 512]);
            using (BlockFile file = BlockFile.Open(path, deallocate: Zero))
                await PlayAsync(file, new Random(seed));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task PlayAsync(BlockFile file, Random random)
    {
        var model = new byte[Blocks * 512];
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, file);
        for (int step = 0; step < 60; step++)
        {
            int count = 1 << random.Next(10);
            int lba = random.Next(Blocks - count + 1);
            Range range = (lba * 512)..((lba + count) * 512);
            StorageResult result;
            switch (random.Next(6))
            {
                case 0:
                    byte[] list = Cdb.UnmapList(((ulong)lba, (uint)count));
                    result = await fixture.Guest.WriteAsync(Cdb.Unmap(list.Length), list, lun: 1);
                    model.AsSpan(range).Clear();
                    break;
                case 1:
                    var block = new byte[512];
                    random.NextBytes(block);
                    result = await fixture.Guest.WriteAsync(Cdb.WriteSame16((ulong)lba, (uint)count, 0), block, lun: 1);
                    for (int at = lba; at < lba + count; at++)
                        block.CopyTo(model, at * 512);
                    break;
                case 2:
                    result = await fixture.Guest.WriteAsync(Cdb.SynchronizeCache10(), lun: 1);
                    break;
                case 3:
                    (result, byte[] got) = await fixture.Guest.ReadAsync(random.Next(2) == 0 ? Cdb.Read16((ulong)lba, (uint)count) : Cdb.Transfer10(0x28, (uint)lba, (ushort)count), count * 512, lun: 1);
                    Assert.Equal(model[range], got);
                    break;
                default:
                    var data = new byte[count * 512];
                    random.NextBytes(data);
                    result = await fixture.Guest.WriteAsync(Cdb.Write16((ulong)lba, (uint)count, (byte)(random.Next(4) == 0 ? 0x08 : 0)), data, lun: 1);
                    data.CopyTo(model, lba * 512);
                    break;
            }
            Assert.True(result.IsGood);
        }
        var whole = new byte[model.Length];
        await file.ReadAsync(0, whole);
        Assert.Equal(model, whole);
    }

    private static void Zero(SafeFileHandle file, long offset, long length) => RandomAccess.Write(file, new byte[length], offset);
}

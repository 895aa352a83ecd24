using System.Diagnostics;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Images: which are taken, what is told of errors.</summary>
public sealed class BlockFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vmbus-disk-").FullName;

    private string Image => Path.Combine(_folder, "image");

    [Fact]
    public void Files_that_are_no_images_are_refused()
    {
        Assert.Throws<FileNotFoundException>(() => BlockFile.Open(Image));
        Assert.Contains("is a directory", Assert.Throws<IOException>(() => BlockFile.Open(_folder)).Message, StringComparison.Ordinal);
        foreach (int length in new[] { 0, 1, 511, 513 })
        {
            File.WriteAllBytes(Image, new byte[length]);
            Assert.Contains($"has {length} bytes", Assert.Throws<IOException>(() => BlockFile.Open(Image)).Message, StringComparison.Ordinal);
        }
        // And a refused one is not held.
        File.Delete(Image);
    }

    [Fact]
    public void An_image_is_one_hosts_to_write_and_any_numbers_to_read()
    {
        File.WriteAllBytes(Image, new byte[512]);
        using (BlockFile.Open(Image))
        {
            Assert.Throws<IOException>(() => BlockFile.Open(Image));
            Assert.Throws<IOException>(() => BlockFile.Open(Image, isReadOnly: true));
        }
        using BlockFile first = BlockFile.Open(Image, isReadOnly: true, (_, _, _) => { }), second = BlockFile.Open(Image, isReadOnly: true);
        Assert.True(first.IsReadOnly);
        Assert.False(first.CanUnmap);
    }

    // What punches holes by the number of a descriptor would punch them into another file.
    [Fact]
    public async Task A_deallocation_that_disposes_its_image_has_the_file_open_until_it_returns()
    {
        File.WriteAllBytes(Image, new byte[4 * 512]);
        BlockFile image = null!;
        string? link = null;
        image = BlockFile.Open(Image, deallocate: (file, _, _) =>
        {
            nint descriptor = file.DangerousGetHandle();
            image.Dispose();
            link = OperatingSystem.IsLinux() ? File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)?.FullName : Image;
            Assert.ThrowsAny<IOException>(() => BlockFile.Open(Image));
        });
        await image.UnmapAsync(0, 512);
        Assert.Equal(Image, link);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => image.UnmapAsync(0, 512).AsTask());
        BlockFile.Open(Image).Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_deallocation_throws_comes_out_of_the_unmap_and_the_image_goes_on(bool reenters)
    {
        File.WriteAllBytes(Image, [.. Enumerable.Repeat((byte)7, 4 * 512)]);
        int calls = 0;
        BlockFile image = null!;
        image = BlockFile.Open(Image, deallocate: (_, offset, length) =>
        {
            calls++;
            if (!reenters)
                throw new InvalidTimeZoneException("Nobody expects this.");
            // One that knows no holes writes zeros.
            image.WriteAsync(offset, new byte[length]).AsTask().Wait();
            if (offset < 1024)
                image.UnmapAsync(offset + 512, length).AsTask().Wait();
        });
        if (reenters)
            await image.UnmapAsync(0, 512);
        else
            await Assert.ThrowsAsync<InvalidTimeZoneException>(() => image.UnmapAsync(0, 512).AsTask());
        byte[] read = new byte[4 * 512];
        await image.ReadAsync(0, read);
        Assert.Equal(reenters ? 512 : 4 * 512, read.Count(static one => one == 7));
        Assert.Equal(reenters ? 3 : 1, calls);
        image.Dispose();
        // Nothing holds it any more.
        BlockFile.Open(Image).Dispose();
    }

    [Fact]
    public async Task An_image_of_terabytes_is_read_and_written_at_its_end()
    {
        const long Length = 8L << 40;
        using (FileStream file = File.Create(Image))
        {
            try
            {
                file.SetLength(Length);
            }
            catch (IOException)
            {
                Assert.Skip("This file system has no files of 8 TiB.");
            }
        }
        using BlockFile image = BlockFile.Open(Image);
        Assert.Equal(Length, image.Length);
        byte[] written = [.. Enumerable.Range(0, 512).Select(i => (byte)i)], read = new byte[512];
        await image.WriteAsync(Length - 512, written);
        await image.ReadAsync(Length - 512, read);
        Assert.Equal(written, read);
    }

    [Fact]
    public async Task An_image_that_is_made_shorter_has_medium_errors_there_and_no_others()
    {
        File.WriteAllBytes(Image, new byte[64 * 512]);
        using BlockFile image = BlockFile.Open(Image);
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, image);
        Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(32, 8), 4096, lun: 1)).Result.IsGood);
        // By a program that knows nothing of the lock.
        using (Process truncate = Process.Start("truncate", ["-s", "17408", Image]))
            await truncate.WaitForExitAsync();
        Assert.Equal((3, 0x1100), (await fixture.Guest.ReadAsync(Cdb.Read16(32, 8), 4096, lun: 1)).Result.Failure);
        Assert.True((await fixture.Guest.ReadAsync(Cdb.Read16(32, 2), 1024, lun: 1)).Result.IsGood);
    }

    [Fact]
    public async Task A_full_device_is_a_failed_space_allocation()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        using var full = new FullDevice();
        fixture.Controller.Attach(1, full);
        Assert.Equal((7, 0x2707), (await fixture.Guest.WriteAsync(Cdb.Write16(0, 1), new byte[512], lun: 1)).Failure);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The error as the kernel and .NET give it.</summary>
    private sealed class FullDevice : IBlockDevice, IDisposable
    {
        private readonly FileStream _full = new("/dev/full", new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write, BufferSize = 0 });

        public long Length => 4096;

        public bool IsReadOnly => false;

        public bool CanUnmap => false;

        public ValueTask ReadAsync(long offset, Memory<byte> destination) => default;

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source)
        {
            _full.Write(source.Span);
            return default;
        }

        public ValueTask FlushAsync() => default;

        public ValueTask UnmapAsync(long offset, long length) => default;

        public void Dispose() => _full.Dispose();
    }
}

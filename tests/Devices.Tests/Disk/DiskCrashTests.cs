using System.Diagnostics;

namespace VmBus.Devices.Tests.Disk;

/// <summary>A host that is killed amid writes: what its guest was told to be flushed is in the image.</summary>
public sealed class DiskCrashTests
{
    private const string ChildFolder = "VMBUS_TEST_DISK_FOLDER";
    private const int Blocks = 4096;

    [Fact]
    public async Task What_was_acknowledged_after_a_flush_survives_the_kill_of_the_host()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The host is killed by a signal.");
        string folder = Directory.CreateTempSubdirectory("vmbus-disk-").FullName;
        try
        {
            string image = Path.Combine(folder, "image"), told = Path.Combine(folder, "told");
            File.WriteAllBytes(image, new byte[Blocks * 512]);
            var start = new ProcessStartInfo(Path.ChangeExtension(typeof(DiskCrashTests).Assembly.Location, null)!, ["--filter-method", "*" + nameof(Host_that_is_killed)]) { RedirectStandardOutput = true };
            start.Environment[ChildFolder] = folder;
            using (Process host = Process.Start(start)!)
            {
                Task<string> output = host.StandardOutput.ReadToEndAsync();
                await DiskFixture.UntilAsync(() => host.HasExited || (File.Exists(told) && new FileInfo(told).Length >= 4 * 500));
                Assert.False(host.HasExited, host.HasExited ? await output : "");
                host.Kill();
                await host.WaitForExitAsync();
            }
            byte[] acknowledged = File.ReadAllBytes(told), bytes = File.ReadAllBytes(image);
            for (int at = 0; at + 4 <= acknowledged.Length; at += 4)
            {
                int block = BitConverter.ToInt32(acknowledged, at);
                Assert.Equal(Content(block), bytes.AsSpan(block * 512, 512));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The host that is killed, in a process of its own.</summary>
    [Fact]
    public async Task Host_that_is_killed()
    {
        string? folder = Environment.GetEnvironmentVariable(ChildFolder);
        Assert.SkipWhen(folder is null, "It is the other test's child.");
        using BlockFile image = BlockFile.Open(Path.Combine(folder!, "image"));
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, image);
        using FileStream told = new(Path.Combine(folder!, "told"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        for (int block = 0; ; block = (block + 1) % Blocks)
        {
            // By forced unit access, or by a flush behind it.
            bool forced = block % 2 == 0;
            Assert.True((await fixture.Guest.WriteAsync(Cdb.Write16((ulong)block, 1, forced ? (byte)0x08 : (byte)0), Content(block), lun: 1)).IsGood);
            Assert.True(forced || (await fixture.Guest.WriteAsync(Cdb.SynchronizeCache10(), lun: 1)).IsGood);
            told.Write(BitConverter.GetBytes(block));
        }
    }

    private static byte[] Content(int block)
    {
        var content = new byte[512];
        new Random(block).NextBytes(content);
        return content;
    }
}

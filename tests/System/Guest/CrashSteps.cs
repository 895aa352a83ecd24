// A host that is killed while its guest writes: what the guest was told is on its disk is there for the next host's guest.

using System.Globalization;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// In the first boot, files on ext4, each told by <c>@acked</c> when its fsync has ended, until the host is killed beside the guest;
/// in the second, on the same image, each of them read and compared, and the volume checked.
/// </summary>
internal static class CrashSteps
{
    /// <summary>The word of the first boot, and the beginning of the second one's, which says how many files were told.</summary>
    public const string WriteWord = "write-load", AckedWord = "acked=";

    private const string Disk = "/dev/sda";
    private const int MostFiles = 3000, FileLength = 10_000;

    public static void Write()
    {
        Until(() => File.Exists(Disk), "the disk becomes no block device");
        DiskSteps.Tool("mkfs.ext4", "-q", "-F", Disk);
        Mount();
        for (int file = 1; file <= MostFiles; file++)
        {
            using FileStream stream = new(Name(file), FileMode.CreateNew);
            stream.Write(Content(file));
            stream.Flush(flushToDisk: true);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"@acked {file}"));
        }
        throw new FailedException("the host was not killed");
    }

    public static void Verify(int acked)
    {
        Until(() => File.Exists(Disk), "the disk becomes no block device");
        // The journal is played, and nothing else is to be mended: that would be 1.
        DiskSteps.Tool("e2fsck", "-p", Disk);
        Mount();
        for (int file = 1; file <= acked; file++)
            Require(File.ReadAllBytes(Name(file)).AsSpan().SequenceEqual(Content(file)), $"file {file} of {acked} is another");
        int found = Directory.GetFiles("/mnt").Length;
        Steps.Run("umount", "/mnt");
        DiskSteps.Tool("e2fsck", "-f", "-n", Disk);
        Console.WriteLine($"{acked} files were on the disk before the host was killed, and are there; {found} in all");
    }

    private static void Mount()
    {
        Directory.CreateDirectory("/mnt");
        Steps.Run("mount", "-t", "ext4", Disk, "/mnt");
    }

    private static string Name(int file) => string.Create(CultureInfo.InvariantCulture, $"/mnt/{file}");

    private static byte[] Content(int file)
    {
        var content = new byte[FileLength + file];
        new Random(file).NextBytes(content);
        return content;
    }
}

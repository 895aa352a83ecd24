using System.Diagnostics;
using System.Globalization;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// The kernel's own storage drivers, hv_storvsc and sd_mod, on disks that our host offers: one that is written, one that is only read,
/// and one with a monitor. What must then be in the host's files is printed, behind <c>@disk</c>.
/// </summary>
internal static class DiskSteps
{
    private const string Written = "written", ReadOnly = "read only", Monitored = "with a monitor", Mount = "/mnt";
    private static readonly Dictionary<string, long> Sizes = new() { [Written] = 24 << 20, [ReadOnly] = 8 << 20, [Monitored] = 16 << 20 };

    public static void Run()
    {
        Until(() => Sizes.Values.All(size => Find(size) is not null), "not every disk becomes a block device");
        Steps.Run("sh", "-c", "dmesg | grep -iE 'scsi|sd [0-9]|storvsc'");
        string written = Find(Sizes[Written])!, readOnly = Find(Sizes[ReadOnly])!, monitored = Find(Sizes[Monitored])!;
        Require(Directory.GetDirectories("/sys/block", "sd*").Length == Sizes.Count, "there are more disks than were offered");
        foreach (string disk in new[] { written, readOnly, monitored })
        {
            Require(Sys(disk, "device/vendor") == "Msft" && Sys(disk, "device/model") == "Virtual Disk", $"{disk} is of another maker");
            Require(Sys(disk, "queue/logical_block_size") == "512" && Sys(disk, "queue/physical_block_size") == "4096", $"{disk} has other blocks");
            Require(Sys(disk, "queue/write_cache") == "write back" || disk == readOnly, $"the kernel sees no cache of {disk}");
        }

        WriteDirectly(written, $"{Written}, O_DIRECT");
        WriteDirectly(monitored, $"{Monitored}, O_DIRECT");
        MakeFiles(written);
        RefuseWrites(readOnly);
        GiveBack(monitored);
    }

    /// <summary>A volume is frozen while a process writes to it, and thawed; then it is clean.</summary>
    /// <param name="freeze">Has it frozen.</param>
    /// <param name="talk">Has the host ask something and the guest answer.</param>
    /// <param name="thaw">Has it thawed.</param>
    public static void Freeze(Action freeze, Action talk, Action thaw)
    {
        const string Progress = "/tmp/progress";
        string disk = Find(Sizes[Written])!;
        Steps.Run("mount", "-t", "ext4", $"/dev/{disk}", Mount);
        // A byte of Progress is a write to the volume that has ended.
        using Process writer = Process.Start("sh", ["-c", $"while :; do echo word >{Mount}/word && printf . >>{Progress}; done"]);
        Until(() => Writes() > 10, "nothing is written");
        freeze();
        Until(IsBlocked, "the writer is not held back");
        long frozen = Writes();
        talk();
        Console.WriteLine($"frozen after {frozen} writes; the writer's state is {State()}, after {Writes()} writes");
        Require(IsBlocked() && Writes() == frozen, "the writer goes on");
        thaw();
        Until(() => Writes() > frozen + 10, "the writer does not go on");
        Console.WriteLine($"thawed, after {Writes()} writes");
        Require(!writer.HasExited, "the writer has ended by itself");
        writer.Kill();
        writer.WaitForExit();
        File.Delete(Progress);
        Steps.Run("umount", Mount);
        Tool("e2fsck", "-f", "-n", $"/dev/{disk}");

        static long Writes() => File.Exists(Progress) ? new FileInfo(Progress).Length : 0;
        char State() => File.ReadAllText($"/proc/{writer.Id}/stat").Split(") ")[1][0];
        bool IsBlocked() => State() == 'D';
    }

    /// <summary>
    /// A disk that comes late, and is taken away in the midst of reads: they fail, and its controller goes. The driver waits without a
    /// limit for the answers it is owed (storvsc_wait_to_drain).
    /// </summary>
    public static void TakeAway()
    {
        const string Late = "disk=/disks/late";
        const long Size = 12 << 20;
        int controllers = Controllers();
        Console.WriteLine($"@host offer {Late}");
        Until(() => Find(Size) is not null, "the late disk becomes no block device");
        string disk = Find(Size)!;
        using Process readers = Process.Start("sh", ["-c",
            $"for reader in 1 2 3 4; do (while {Prefix}dd if=/dev/{disk} of=/dev/null bs=4096 iflag=direct status=none 2>/dev/null; do :; done) & done; wait"]);
        Until(() => Reads() > 100, "nothing is read");
        Console.WriteLine($"@host revoke {Late}");
        Until(() => !Directory.Exists($"/sys/block/{disk}"), "the disk stays");
        Until(() => readers.HasExited, "a reader of the disk does not end");
        Until(() => Controllers() == controllers, "the controller stays");

        static int Controllers() => Directory.GetDirectories("/sys/class/scsi_host").Length;
        long Reads() => long.TryParse(Sys(disk, "stat").Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(), CultureInfo.InvariantCulture, out long reads) ? reads : 0;
    }

    /// <summary>What the disks hold at the end, and what the host has counted.</summary>
    public static void Tell()
    {
        // While they are open: what the host counts is then a line of each.
        Console.WriteLine("@host status");
        foreach (string disk in Sizes.Values.Select(size => Find(size)!))
        {
            Tool("blockdev", "--flushbufs", $"/dev/{disk}");
            Console.WriteLine($"@disk {Sys(disk, "size")} {Digest(disk, 0, (int)(long.Parse(Sys(disk, "size"), CultureInfo.InvariantCulture) / 2048))}");
        }
    }

    private static string? Find(long size) => Directory.GetDirectories("/sys/block", "sd*").Select(path => Path.GetFileName(path))
        .FirstOrDefault(name => Sys(name, "size") == (size / 512).ToString(CultureInfo.InvariantCulture) && File.Exists($"/dev/{name}"));

    private static string Sys(string disk, string file) => File.Exists($"/sys/block/{disk}/{file}") ? File.ReadAllText($"/sys/block/{disk}/{file}").Trim() : "";

    private static void WriteDirectly(string disk, string title)
    {
        const int Megabytes = 4;
        Steps.Run("sh", "-c", $"head -c {Megabytes << 20} /dev/urandom >/tmp/data");
        long start = Stopwatch.GetTimestamp();
        Tool("dd", "if=/tmp/data", $"of=/dev/{disk}", "bs=256K", "oflag=direct", "seek=16", "conv=fsync", "status=none");
        TimeSpan writing = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        string digest = Digest(disk, 4, Megabytes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{title}: {Megabytes} MiB written in {writing.TotalMilliseconds:F0} ms, read and digested in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms"));
        Require(digest == Steps.Output("md5sum", "/tmp/data").Split(' ')[0], "what is read is not what was written");
        File.Delete("/tmp/data");
    }

    private static void MakeFiles(string disk)
    {
        if (!File.Exists("/modules/ext4.ko") && !File.ReadAllText("/proc/filesystems").Contains("ext4", StringComparison.Ordinal))
        {
            Console.WriteLine("skipped: this kernel has no ext4");
            return;
        }

        Tool("mkfs.ext4", "-q", "-F", $"/dev/{disk}");
        Directory.CreateDirectory(Mount);
        Steps.Run("mount", "-t", "ext4", $"/dev/{disk}", Mount);
        Steps.Run("sh", "-c", $"head -c 2097152 /dev/urandom >/tmp/file && mkdir {Mount}/folder && cp /tmp/file {Mount}/folder/file && sync");
        Steps.Run("umount", Mount);
        Tool("e2fsck", "-f", "-n", $"/dev/{disk}");
        Steps.Run("mount", "-t", "ext4", "-o", "ro", $"/dev/{disk}", Mount);
        Steps.Run("cmp", "/tmp/file", $"{Mount}/folder/file");
        Steps.Run("umount", Mount);
        File.Delete("/tmp/file");
    }

    private static void RefuseWrites(string disk)
    {
        Require(Sys(disk, "ro") == "1", "the kernel does not see that the disk is only read");
        using Process write = Start("dd", "if=/dev/zero", $"of=/dev/{disk}", "bs=4096", "count=1", "status=none");
        write.WaitForExit();
        Require(write.ExitCode != 0, "a disk that is only read was written");
    }

    private static void GiveBack(string disk)
    {
        Require(Sys(disk, "queue/discard_max_bytes") is not ("" or "0"), "the kernel does not see that the disk is thin");
        Tool("blkdiscard", $"/dev/{disk}");
        Require(Digest(disk, 0, 16) == Steps.Output("sh", "-c", "head -c 16777216 /dev/zero | md5sum").Split(' ')[0], "what was given back is not zeros");
    }

    private static string Digest(string disk, int skip, int megabytes) => Steps.Output(
        "sh", "-c", $"{Prefix}dd if=/dev/{disk} bs=1M iflag=direct skip={skip} count={megabytes} status=none | md5sum").Split(' ')[0];

    // Debian's own programs, with the C library that they were linked with.
    private const string Prefix = "/tools/ld-linux-x86-64.so.2 --library-path /tools /tools/";

    internal static void Tool(string name, params string[] arguments)
    {
        using Process process = Start(name, arguments);
        process.WaitForExit();
        Require(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private static Process Start(string name, params string[] arguments) =>
        Process.Start("/tools/ld-linux-x86-64.so.2", ["--library-path", "/tools", $"/tools/{name}", .. arguments]);
}

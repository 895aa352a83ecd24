// The file systems of a guest that a snapshot of its disks has. Mirrors vss_operate of hv_vss_daemon (Linux tools/hv/hv_vss_daemon.c),
// which goes through /proc/mounts.

using System.Runtime.Versioning;
using System.Text;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A mounted file system, open.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MountedVolume(VolumeFile file) : IFreezableVolume
{
    /// <summary>Where the kernel tells what is mounted.</summary>
    public const string MountInfo = "/proc/self/mountinfo";

    public Errno Freeze() => file.Freeze();

    public Errno Thaw() => file.Thaw();

    public void Dispose() => file.Dispose();

    /// <summary>Opens one; <see langword="null"/> when it is gone.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static IFreezableVolume? Open(string path)
    {
        VolumeFile? file = VolumeFile.TryOpen(path, out Errno error);
        return file is not null ? new MountedVolume(file) : error == Errno.NoSuchFile ? null : throw new ErrnoException($"open of the volume at {path}", error);
    }

    /// <summary>
    /// Where the file systems on disks are mounted, each once: what was mounted last is first, and the root last, so that what is frozen
    /// lies on nothing frozen before.
    /// </summary>
    /// <param name="mountInfo">The lines of <see cref="MountInfo"/> (proc(5)).</param>
    public static IReadOnlyList<string> Find(IEnumerable<string> mountInfo)
    {
        List<string> paths = [];
        HashSet<string> seen = [];
        foreach (string line in mountInfo)
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
            if (dash < 0 || fields.Length < dash + 4)
                continue;
            string source = fields[dash + 2];
            // A loop device lies in a file of another volume, which must still be written when this one is frozen.
            bool isOnDisk = source.StartsWith("/dev/", StringComparison.Ordinal) && !source.StartsWith("/dev/loop", StringComparison.Ordinal);
            bool isReadOnly = fields[dash + 3].Split(',').Contains("ro");
            if (isOnDisk && !isReadOnly && seen.Add(fields[2]))
                paths.Add(Unescape(fields[4]));
        }

        paths.Reverse();
        return [.. paths.OrderBy(path => path == "/")];
    }

    // Blanks and the like are \040 there.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        List<byte> bytes = [];
        byte[] raw = Encoding.UTF8.GetBytes(text);
        for (int at = 0; at < raw.Length; at++)
        {
            if (raw[at] == '\\' && at + 3 < raw.Length && TryOctal(raw.AsSpan(at + 1, 3), out byte value))
            {
                bytes.Add(value);
                at += 3;
            }
            else
            {
                bytes.Add(raw[at]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static bool TryOctal(ReadOnlySpan<byte> digits, out byte value)
    {
        int number = 0;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
                number = int.MaxValue / 16;
            number = 8 * number + digit - '0';
        }
        value = (byte)number;
        return number is >= 0 and <= byte.MaxValue;
    }
}

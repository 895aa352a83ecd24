using System.Text;

namespace VmBus.SystemTest;

/// <summary>
/// Writes sysfs as text, an entry a line, in the form that the unit tests unfold: <c>path = text</c> a file (<c>\n</c> for
/// a line's end but the last), <c>path : size</c> a binary attribute, <c>path -> target</c> a link, <c>path/</c> a folder,
/// <c>#</c> a remark. Paths begin in /sys.
/// </summary>
internal sealed class Tree
{
    private const int Most = 64 * 1024;
    private const long OrdinarySize = 4096;     // what stat says of every text attribute

    private readonly SortedDictionary<string, string> _entries = new(StringComparer.Ordinal);

    /// <summary>All of /sys/bus/vmbus, and what its links lead to: the devices with their channels and UIO devices.</summary>
    public static Tree OfVmBus()
    {
        var tree = new Tree();
        tree.Add("/sys/bus/vmbus");
        if (Directory.Exists("/sys/class/uio"))
            tree.Add("/sys/class/uio");
        foreach (string device in Directory.EnumerateFileSystemEntries("/sys/bus/vmbus/devices"))
            tree.Add(Path.GetFullPath(new FileInfo(device).LinkTarget!, "/sys/bus/vmbus/devices"));
        return tree;
    }

    public IEnumerable<string> Lines => _entries.Values;

    private void Add(string path)
    {
        string shown = path["/sys/".Length..];
        var info = new FileInfo(path);
        if (info.LinkTarget is string target)
        {
            _entries[path] = $"{shown} -> {target}";
        }
        else if (Directory.Exists(path))
        {
            _entries[path] = $"{shown}/";
            foreach (string entry in Directory.EnumerateFileSystemEntries(path))
                Add(entry);
        }
        else if (info.Length != OrdinarySize)
        {
            _entries[path] = $"{shown} : {info.Length}";
        }
        else
        {
            _entries[path] = Read(path, out string text) ? $"{shown} = {text}".TrimEnd(' ') : $"# {shown}: {text}";
        }
    }

    // An attribute may be for writing only, which reads as an empty one; or refuse to be read as its device is now.
    private static bool Read(string path, out string text)
    {
        text = "";
        if ((File.GetUnixFileMode(path) & UnixFileMode.UserRead) == 0)
            return true;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[Most];
            int length = 0;
            while (length < Most && file.Read(bytes, length, Most - length) is > 0 and var read)
                length += read;
            text = Encoding.UTF8.GetString(bytes, 0, length).TrimEnd('\n').Replace("\n", "\\n", StringComparison.Ordinal);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            text = $"not readable now: {error.Message.Split(" : ")[0]}";
            return false;
        }
    }
}

using System.Text;

namespace VmBus.SystemTest;

/// <summary>
/// Writes sysfs as text, one entry a line, contents in the lines behind: what tests/Backends.Tests unfolds again.
/// </summary>
/// <remarks>
/// <c>dir PATH</c>; <c>link PATH -> TARGET</c>; <c>file MODE SIZE PATH</c>, size as stat says, followed by its text: <c>|</c>
/// and a line, or <c>+</c> and a last line that has no line feed. Nothing follows a file that is empty or cannot be read.
/// </remarks>
internal sealed class Tree
{
    private const int Most = 64 * 1024;

    private readonly SortedDictionary<string, string> _entries = new(StringComparer.Ordinal);

    /// <summary>All of /sys/bus/vmbus, and the directories of its devices and of their UIO devices, with links that lead to them.</summary>
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

    public IEnumerable<string> Lines => _entries.Values.SelectMany(entry => entry.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private void Add(string path)
    {
        string shown = path[1..];
        var info = new FileInfo(path);
        if (info.LinkTarget is string target)
        {
            _entries[path] = $"link {shown} -> {target}";
        }
        else if (Directory.Exists(path))
        {
            _entries[path] = $"dir {shown}";
            foreach (string entry in Directory.EnumerateFileSystemEntries(path))
                Add(entry);
        }
        else
        {
            string mode = Convert.ToString((int)File.GetUnixFileMode(path), 8).PadLeft(4, '0');
            _entries[path] = $"file {mode} {info.Length} {shown}\n{Quote(Read(path))}";
        }
    }

    // An attribute may be only for writing, or refuse to be read in the state its device is in.
    private static string Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[Most];
            int length = 0;
            while (length < Most && file.Read(bytes, length, Most - length) is > 0 and var read)
                length += read;
            return Encoding.Latin1.GetString(bytes, 0, length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder();
        int from = 0;
        while (from < text.Length)
        {
            int end = text.IndexOf('\n', from);
            quoted.Append(end < 0 ? '+' : '|').Append(text, from, (end < 0 ? text.Length : end) - from).Append('\n');
            from = end < 0 ? text.Length : end + 1;
        }
        return quoted.ToString();
    }
}

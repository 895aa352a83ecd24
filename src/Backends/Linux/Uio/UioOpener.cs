// Who has a UIO device open, by /proc (proc(5)): what fuser prints.

using System.Globalization;

namespace VmBus.Linux;

/// <summary>A process that has a UIO device open, or memory of it mapped.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="Command">What it calls itself: <c>comm</c>, up to 15 characters.</param>
internal sealed record UioOpener(int ProcessId, string Command)
{
    /// <summary>Finds the processes. Those that this one may not look into are not found: it needs root to see them all.</summary>
    /// <param name="sysfs">Where device nodes are.</param>
    /// <param name="uioName">The device: <c>uio0</c>.</param>
    /// <param name="proc">Where proc is mounted; another folder in tests.</param>
    /// <returns>The processes, by id.</returns>
    public static IReadOnlyList<UioOpener> Find(VmBusSysfs sysfs, string uioName, string proc = "/proc")
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        ArgumentException.ThrowIfNullOrEmpty(uioName);
        string node = Path.Combine(sysfs.DeviceRoot, uioName);
        var openers = new List<UioOpener>();
        foreach (string folder in Folders(proc))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && (Look(() => HasOpen(folder, node)) || Look(() => HasMapped(folder, node))))
            {
                string command = "?";
                Look(() => (command = File.ReadAllText(Path.Combine(folder, "comm")).TrimEnd()).Length > 0);
                openers.Add(new UioOpener(process, command));
            }
        }

        return [.. openers.OrderBy(opener => opener.ProcessId)];
    }

    private static string[] Folders(string proc)
    {
        string[] folders = [];
        Look(() => (folders = Directory.GetDirectories(proc)).Length > 0);
        return folders;
    }

    private static bool HasOpen(string folder, string node)
        => Directory.EnumerateFileSystemEntries(Path.Combine(folder, "fd")).Any(descriptor => new FileInfo(descriptor).LinkTarget == node);

    // A mapping keeps the device open when its descriptor is closed.
    private static bool HasMapped(string folder, string node)
        => File.ReadLines(Path.Combine(folder, "maps")).Any(line => line.EndsWith(" " + node, StringComparison.Ordinal));

    // A process may end at any moment, and others' are closed to who is not root.
    private static bool Look(Func<bool> look)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

// What a channel between processes takes from the system, counted: descriptors of the kinds it uses, regions, threads.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
internal readonly record struct OpenResources(int Memfds, int EventFds, int Pipes, int Sockets, int Regions, int ScanThreads)
{
    // What an earlier test dropped without disposing it is closed first: a finalizer between two counts is a difference.
    public static OpenResources Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Now();
    }

    // Nothing is finalized before this count: what a test should have closed is counted.
    private static OpenResources Now()
    {
        (string Number, string Link)[] open = [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(path => (Path.GetFileName(path), new FileInfo(path).LinkTarget ?? ""))];
        string[] links = [.. open.Select(one => one.Link)];
        return new OpenResources(
            links.Count(link => link.Contains("memfd:vmbus", StringComparison.Ordinal)),
            links.Count(link => link.Contains("[eventfd]", StringComparison.Ordinal)),
            open.Count(one => one.Link.StartsWith("pipe:", StringComparison.Ordinal) && IsOpenForBoth(one.Number)),
            links.Count(link => link.StartsWith("socket:", StringComparison.Ordinal)),
            MappedMemory.LiveCount,
            Directory.EnumerateDirectories("/proc/self/task").Count(IsScan));
    }

    // Nothing that was not open before. A thread that was joined takes another moment to leave the kernel's list, also
    // one of the test before: so their number may have fallen.
    public void AssertUnchanged()
    {
        int threads = ScanThreads;
        Background.Until(() => Now().ScanThreads <= threads, "the scan threads are gone");
        Assert.Equal(this with { ScanThreads = 0 }, Now() with { ScanThreads = 0 });
    }

    // A pipe of signals is open for reading and writing. No other pipe is, and those of the runtime come and go.
    private static bool IsOpenForBoth(string descriptor)
    {
        try
        {
            string flags = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return (Convert.ToInt32(flags[6..].Trim(), 8) & 3) == 2;
        }
        catch (IOException)
        {
            return false; // Closed since the listing.
        }
    }

    private static bool IsScan(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("vmbus-monitor", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // The thread has ended since the listing.
        }
    }
}

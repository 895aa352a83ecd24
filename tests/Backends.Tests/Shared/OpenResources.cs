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
        string[] links = [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "")];
        return new OpenResources(
            links.Count(link => link.Contains("memfd:vmbus", StringComparison.Ordinal)),
            links.Count(link => link.Contains("[eventfd]", StringComparison.Ordinal)),
            links.Count(link => link.StartsWith("pipe:", StringComparison.Ordinal)),
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

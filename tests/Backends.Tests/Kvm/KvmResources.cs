using System.Runtime.Versioning;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>What guests take from the system, counted: descriptors, mappings, threads.</summary>
[SupportedOSPlatform("linux")]
internal sealed record KvmResources(string Descriptors, int Mappings, int Threads)
{
    private static readonly string[] Kinds = ["kvm", "memfd:vmbus", "[eventfd]", "[eventpoll]"];

    public static KvmResources Count()
    {
        string[] links = [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "")];
        return new KvmResources(
            string.Join(", ", Kinds.Select(kind => $"{kind}: {links.Count(link => link.Contains(kind, StringComparison.Ordinal))}")),
            File.ReadLines("/proc/self/maps").Count(line => line.Contains("kvm", StringComparison.Ordinal) || line.Contains("memfd:vmbus", StringComparison.Ordinal)),
            Directory.EnumerateDirectories("/proc/self/task").Count(IsOurs));
    }

    // A thread that was joined takes another moment to leave the kernel's list.
    public void AssertUnchanged()
    {
        Background.Until(() => Count().Threads <= Threads, "the threads are gone");
        Assert.Equal(this with { Threads = 0 }, Count() with { Threads = 0 });
    }

    private static bool IsOurs(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("vmbus", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // The thread has ended since the listing.
        }
    }
}

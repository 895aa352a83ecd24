// Calls that only the tests make.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
internal static partial class TestLibc
{
    private const int ResourceDescriptors = 7; // RLIMIT_NOFILE

    [LibraryImport("libc", EntryPoint = "gettid")]
    public static partial int ThreadId();

    // Shared memory without seals, so that its size can change at any time.
    public static int CreateUnsealed(long size)
    {
        int descriptor = MemfdCreate("vmbus-unsealed", 1);
        Assert.True(descriptor >= 0 && Truncate(descriptor, size) == 0);
        return descriptor;
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    public static partial int Duplicate(int descriptor);

    // /dev/null, opened again: a file that accepts every byte, and can neither be mapped nor synchronized.
    public static int OpenNull()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        int descriptor = Duplicate((int)file.DangerousGetHandle());
        Assert.True(descriptor >= 0);
        return descriptor;
    }

    // Puts /dev/null in the place of what a descriptor is.
    public static void ReplaceByNull(int descriptor)
    {
        int from = OpenNull();
        Assert.Equal(descriptor, Replace(from, descriptor));
        Close(from);
    }

    public static void Close(int descriptor) => Assert.Equal(0, CloseDescriptor(descriptor));

    // How many bytes wait in a pipe: FIONREAD.
    public static int BytesIn(int descriptor)
    {
        Assert.Equal(0, Control(descriptor, 0x541B, out int bytes));
        return bytes;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, out int answer);

    // Whether the thread is in ppoll(2) now, and sleeps there.
    public static bool IsInPoll(int thread)
    {
        string status = File.ReadAllText($"/proc/self/task/{thread}/stat");
        if (status[(status.LastIndexOf(')') + 2)..][0] != 'S')
            return false;
        string call = File.ReadAllText($"/proc/self/task/{thread}/syscall");
        string poll = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "271 " : "73 ";
        return call.StartsWith(poll, StringComparison.Ordinal);
    }

    // Whether a page is mapped, not only promised: a touch of it is no fault.
    public static bool IsPresent(nint address)
    {
        using FileStream map = new("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] entry = new byte[sizeof(ulong)];
        map.Position = address / Environment.SystemPageSize * sizeof(ulong);
        map.ReadExactly(entry);
        return BitConverter.ToUInt64(entry) >> 63 != 0;
    }

    // Runs with room for a number of descriptors more: every number below the limit is in use but for those.
    public static void WithRoomForDescriptors(int room, Action action)
    {
        Limit old = default;
        Assert.Equal(0, GetLimit(ResourceDescriptors, ref old));
        List<EventFd> fillers = [EventFd.Create()];
        try
        {
            Limit lower = old with { Current = (nuint)fillers[0].Descriptor + 64 };
            Assert.Equal(0, SetLimit(ResourceDescriptors, in lower));
            while (TryCreate() is { } filler)
                fillers.Add(filler);
            for (int i = 0; i < room; i++)
            {
                fillers[^1].Dispose();
                fillers.RemoveAt(fillers.Count - 1);
            }
            action();
        }
        finally
        {
            Assert.Equal(0, SetLimit(ResourceDescriptors, in old));
            fillers.ForEach(filler => filler.Dispose());
        }
    }

    private static EventFd? TryCreate()
    {
        try
        {
            return EventFd.Create();
        }
        catch (ErrnoException e) when (e.Errno == Errno.TooManyDescriptors)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int Truncate(int descriptor, long size);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Replace(int from, int to);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ref Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    private record struct Limit(nuint Current, nuint Most);
}

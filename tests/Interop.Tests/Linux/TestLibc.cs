// Calls that only the tests make.

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop.Tests.Linux;

internal static partial class TestLibc
{
    public const int SignalWindowChange = 28; // SIGWINCH, on x64 and arm64

    public static int Duplicate(int descriptor)
    {
        int copy = Dup(descriptor);
        return copy < 0 ? throw ErrnoException.FromLastCall($"dup of {descriptor}") : copy;
    }

    public static void Close(int descriptor) => new SafeFileHandle(descriptor, ownsHandle: true).Dispose();

    // Adds one to an eventfd that came from elsewhere, and closes it.
    public static unsafe void Signal(int eventFd)
    {
        using SafeFileHandle handle = new(eventFd, ownsHandle: true);
        ulong one = 1;
        Assert.Equal(sizeof(ulong), Libc.Write(handle, &one, sizeof(ulong)));
    }

    // What files this thread may open from now on: as that user, without root's rights.
    [LibraryImport("libc", EntryPoint = "setfsuid")]
    public static partial int SetFileUser(uint user);

    [LibraryImport("libc", EntryPoint = "gettid")]
    public static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "tgkill", SetLastError = true)]
    public static partial int KillThread(int process, int thread, int signal);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeFifo(string path, uint mode);

    // poll of nothing, without a limit: whatever ends it is a signal.
    public static unsafe int Pause() => PollNothing(null, 0, -1);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int PollNothing(void* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Dup(int descriptor);
}

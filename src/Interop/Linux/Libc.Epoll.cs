// The calls about sets of descriptors, and signals sent to a thread.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static unsafe partial class Libc
{
    internal const int EpollCloseOnExec = 0x80000;         // EPOLL_CLOEXEC
    internal const int EpollAdd = 1;                       // EPOLL_CTL_ADD
    internal const int EpollDelete = 2;                    // EPOLL_CTL_DEL
    internal const int EpollModify = 3;                    // EPOLL_CTL_MOD
    internal const uint EpollOneShot = 1u << 30;           // EPOLLONESHOT

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(SafeHandle set, int operation, SafeHandle descriptor, byte* entry);

    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(SafeHandle set, byte* entries, int most, int milliseconds);

    [LibraryImport(Library, EntryPoint = "gettid")]
    internal static partial int GetThreadId();

    // No signature of its own in older C libraries.
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Syscall(nint number, nint argument1, nint argument2, nint argument3);
}

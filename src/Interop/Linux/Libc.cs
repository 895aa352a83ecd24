// The calls of the C library that VmBus.Interop makes: memory and descriptors here, sockets, time and
// scheduling in the files beside it. Mirrors the prototypes of the Linux manual pages, section 2, on LP64.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

[SupportedOSPlatform("linux")]
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    internal const int FcntlGetDescriptorFlags = 1;        // F_GETFD
    internal const int FcntlSetDescriptorFlags = 2;        // F_SETFD
    internal const int FcntlGetStatusFlags = 3;            // F_GETFL
    internal const int FcntlSetStatusFlags = 4;            // F_SETFL
    internal const int FcntlSetDescriptionLock = 37;       // F_OFD_SETLK
    internal const int FcntlDuplicateCloseOnExec = 1030;   // F_DUPFD_CLOEXEC
    internal const int FcntlAddSeals = 1033;               // F_ADD_SEALS
    internal const int FcntlGetSeals = 1034;               // F_GET_SEALS
    internal const int FcntlSetPipeSize = 1031;            // F_SETPIPE_SZ
    internal const int CloseOnExec = 1;                    // FD_CLOEXEC
    internal const int OpenNonBlocking = 0x800;            // O_NONBLOCK

    internal const int OpenReadOnly = 0;                   // O_RDONLY
    internal const int OpenWriteOnly = 1;                  // O_WRONLY
    internal const int OpenReadWrite = 2;                  // O_RDWR
    internal const int OpenCloseOnExec = 0x80000;          // O_CLOEXEC
    internal const short LockRead = 0;                     // F_RDLCK
    internal const short LockWrite = 1;                    // F_WRLCK
    internal const int LockShared = 1;                     // LOCK_SH
    internal const int LockExclusive = 2;                  // LOCK_EX
    internal const int LockNonBlocking = 4;                // LOCK_NB

    internal const uint MemfdCloseOnExec = 1;              // MFD_CLOEXEC
    internal const uint MemfdAllowSealing = 2;             // MFD_ALLOW_SEALING
    internal const int SealSeal = 1;                       // F_SEAL_SEAL
    internal const int SealShrink = 2;                     // F_SEAL_SHRINK
    internal const int SealGrow = 4;                       // F_SEAL_GROW

    internal const int MapShared = 0x01;                   // MAP_SHARED
    internal const int MapPrivate = 0x02;                  // MAP_PRIVATE
    internal const int MapFixed = 0x10;                    // MAP_FIXED
    internal const int MapAnonymous = 0x20;                // MAP_ANONYMOUS
    internal const int MapNoReserve = 0x4000;              // MAP_NORESERVE
    internal const nint MapFailed = -1;                    // MAP_FAILED

    internal const int AdvisePopulateRead = 22;            // MADV_POPULATE_READ

    internal const int EventFdCloseOnExec = 0x80000;       // EFD_CLOEXEC
    internal const int EventFdNonBlocking = 0x800;         // EFD_NONBLOCK

    internal const int StatxEmptyPath = 0x1000;            // AT_EMPTY_PATH
    internal const uint StatxType = 0x1;                   // STATX_TYPE
    internal const uint StatxSize = 0x200;                 // STATX_SIZE
    internal const int TypeMask = 0xF000;                  // S_IFMT
    internal const int SocketFile = 0xC000;                // S_IFSOCK

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MemfdCreate(string name, uint flags);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(SafeHandle descriptor, long length);

    // Variadic in C; on Linux x64 and arm64 a variadic integer travels in the same register as a named one.
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Fcntl(SafeHandle descriptor, int command, nint argument);

    // Variadic in C as well: the mode matters only to a call that creates.
    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeHandle descriptor, int operation);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(SafeHandle descriptor, nuint request, void* argument);

    // statx rather than fstat: one layout on every architecture, and a symbol in every C library in use.
    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Statx(SafeHandle directory, string path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, SafeHandle descriptor, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport(Library, EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport(Library, EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initialValue, int flags);

    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    internal static partial int Pipe(int* ends, int flags);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(SafeHandle descriptor, uint mode);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeHandle descriptor, void* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeHandle descriptor, void* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint WriteAt(SafeHandle descriptor, void* buffer, nuint length, long offset);
}

// The calls of the C library that make files in folders. Mirrors openat(2), openat2(2), mkdirat(2), linkat(2), renameat2(2),
// unlinkat(2), fsync(2).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static unsafe partial class Libc
{
    internal const int OpenCreate = 0x40;                  // O_CREAT
    internal const int OpenExclusive = 0x80;               // O_EXCL
    internal const int CurrentFolder = -100;               // AT_FDCWD
    internal const int NoFollow = 0x100;                   // AT_SYMLINK_NOFOLLOW
    internal const int FollowLink = 0x400;                 // AT_SYMLINK_FOLLOW
    internal const uint RenameNoReplace = 1;               // RENAME_NOREPLACE
    internal const ulong ResolveNoMagicLinks = 0x02;       // RESOLVE_NO_MAGICLINKS
    internal const ulong ResolveBeneath = 0x08;            // RESOLVE_BENEATH
    internal const ulong ResolveInRoot = 0x10;             // RESOLVE_IN_ROOT
    internal const nint OpenAt2Number = 437;               // __NR_openat2, of every architecture

    // arm64 has kept the numbers of 32-bit ARM for these.
    internal static readonly int OpenFolder = IsArm64 ? 0x4000 : 0x10000;        // O_DIRECTORY
    internal static readonly int OpenNoFollow = IsArm64 ? 0x8000 : 0x20000;      // O_NOFOLLOW
    internal static readonly int OpenUnnamed = 0x400000 | OpenFolder;            // O_TMPFILE
    internal static readonly nint RenameAt2Number = IsArm64 ? 276 : 316;         // __NR_renameat2

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(SafeHandle folder, string path, int flags, int mode);

    // Few C libraries wrap openat2 and renameat2. Variadic in C, which on Linux x64 and arm64 changes nothing for integers.
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OpenAt2(nint number, SafeHandle folder, string path, OpenHow* how, nuint size);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint RenameAt2(nint number, SafeHandle fromFolder, string from, SafeHandle toFolder, string to, nuint flags);

    [LibraryImport(Library, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeFolderAt(SafeHandle folder, string name, uint mode);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int LinkAt(int fromFolder, string from, SafeHandle toFolder, string to, int flags);

    [LibraryImport(Library, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(SafeHandle folder, string name, int flags);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Synchronize(SafeHandle descriptor);
}

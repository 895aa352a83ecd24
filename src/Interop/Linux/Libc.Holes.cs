// The call of the C library that gives parts of a file back. Mirrors fallocate(2).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static unsafe partial class Libc
{
    internal const int FallocateKeepSize = 1;              // FALLOC_FL_KEEP_SIZE
    internal const int FallocatePunchHole = 2;             // FALLOC_FL_PUNCH_HOLE

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(SafeHandle descriptor, int mode, long offset, long length);
}

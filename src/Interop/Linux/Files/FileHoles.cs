// Holes in a file. Mirrors fallocate(2) with FALLOC_FL_PUNCH_HOLE.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>Makes holes: the file keeps its length, and reads as zeros there.</summary>
[SupportedOSPlatform("linux")]
internal static class FileHoles
{
    /// <summary>Makes a hole.</summary>
    /// <param name="file">The file, open for writing.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">How long it is: what is only part of a block of the file system is zeroed.</param>
    /// <returns><see cref="Errno.None"/>, or why there is none.</returns>
    public static Errno Punch(SafeHandle file, long offset, long length)
    {
        while (Libc.Allocate(file, Libc.FallocatePunchHole | Libc.FallocateKeepSize, offset, length) != 0)
        {
            if (Libc.LastError is var error and not Errno.Interrupted)
                return error;
        }

        return Errno.None;
    }
}

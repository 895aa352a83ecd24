// Locks of whole files between programs. Mirrors fcntl(2) with F_OFD_SETLKW: locks of an open description, which exclude
// F_SETLKW's of other processes and, unlike those, are not lost when another descriptor of the same file is closed.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>Locks a file against other programs that ask for locks too.</summary>
[SupportedOSPlatform("linux")]
internal static class FileLock
{
    /// <summary>Waits until nobody else has a lock that excludes this one, and takes it. Closing the file gives it back.</summary>
    /// <param name="file">The file, opened for writing when <paramref name="exclusive"/>.</param>
    /// <param name="exclusive">Whether readers are kept out, too.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe void Acquire(SafeFileHandle file, bool exclusive)
    {
        ArgumentNullException.ThrowIfNull(file);
        var all = new Region { Type = exclusive ? Libc.LockWrite : Libc.LockRead };
        while (Libc.Fcntl(file, Libc.FcntlSetDescriptionLockWait, (nint)(&all)) < 0)
        {
            Errno error = Libc.LastError;
            if (error != Errno.Interrupted)
                throw new ErrnoException("fcntl(F_OFD_SETLKW)", error);
        }
    }

    // struct flock; start, length and whence 0 mean all of the file.
    [StructLayout(LayoutKind.Sequential)]
    private struct Region
    {
        internal short Type;        // l_type
        internal short From;        // l_whence
        internal long Start;        // l_start
        internal long Length;       // l_len
        internal int Process;       // l_pid, 0
    }
}

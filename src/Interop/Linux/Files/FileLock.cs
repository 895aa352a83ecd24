// Locks of whole files between programs, of both kinds that Linux has and that do not know of each other. Mirrors flock(2), and
// fcntl(2) with F_OFD_SETLK: locks of an open description, which exclude F_SETLK's of other processes and, unlike those, are not
// lost when another descriptor of the same file is closed.

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>Locks files that other programs lock too.</summary>
[SupportedOSPlatform("linux")]
internal static class FileLock
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromTicks(500), MostPause = TimeSpan.FromMilliseconds(5);

    /// <summary>Takes both locks, first <c>flock</c>'s and then <c>fcntl</c>'s. Closing the file gives them back.</summary>
    /// <param name="file">The file, opened for writing when <paramref name="exclusive"/>.</param>
    /// <param name="exclusive">Whether readers are kept out, too.</param>
    /// <param name="limit">How long to wait for other programs.</param>
    /// <param name="waited">Called once when another program has a lock.</param>
    /// <returns><see langword="false"/> when another program still has one when the time is up.</returns>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static bool TryAcquire(SafeFileHandle file, bool exclusive, TimeSpan limit, Action? waited = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        long start = Stopwatch.GetTimestamp();
        TimeSpan pause = LeastPause;
        bool hasFirst = false;
        while (true)
        {
            hasFirst = hasFirst || TryFlock(file, exclusive);
            if (hasFirst && TryFcntl(file, exclusive))
                return true;
            waited?.Invoke();
            waited = null;
            if (Stopwatch.GetElapsedTime(start) >= limit)
                return false;

            // Neither call has a limit of its own, and a program that takes the two in the other order would wait for this one.
            ThreadScheduling.NanoSleep(pause);
            pause = pause < MostPause ? 2 * pause : MostPause;
        }
    }

    private static bool TryFlock(SafeFileHandle file, bool exclusive)
    {
        while (Libc.Lock(file, (exclusive ? Libc.LockExclusive : Libc.LockShared) | Libc.LockNonBlocking) < 0)
        {
            Errno error = Libc.LastError;
            if (error == Errno.TryAgain)
                return false;
            if (error != Errno.Interrupted)
                throw new ErrnoException("flock", error);
        }
        return true;
    }

    private static unsafe bool TryFcntl(SafeFileHandle file, bool exclusive)
    {
        var all = new Region { Type = exclusive ? Libc.LockWrite : Libc.LockRead };
        while (Libc.Fcntl(file, Libc.FcntlSetDescriptionLock, (nint)(&all)) < 0)
        {
            Errno error = Libc.LastError;
            if (error is Errno.TryAgain or Errno.AccessDenied)
                return false;
            if (error != Errno.Interrupted)
                throw new ErrnoException("fcntl(F_OFD_SETLK)", error);
        }
        return true;
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

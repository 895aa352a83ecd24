// A file of any kind, opened as it is. Mirrors open(2) and read(2), whose errors are answers: of sysfs most files may be missing,
// and an exception for each takes longer than all the rest.

using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>Opens and reads files.</summary>
[SupportedOSPlatform("linux")]
internal static class PlainFile
{
    /// <summary>Opens a file, closed on exec, without the lock that .NET's own opening takes or fails for.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="forWriting">Whether it is opened for writing as well as reading.</param>
    /// <param name="createMode">The mode of one that is made when it is not there; <see langword="null"/> for not to.</param>
    /// <param name="error">Why not.</param>
    /// <returns>The file, or <see langword="null"/>.</returns>
    public static SafeFileHandle? TryOpen(string path, bool forWriting, UnixFileMode? createMode, out Errno error)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int flags = Libc.OpenCloseOnExec | (forWriting ? Libc.OpenReadWrite : Libc.OpenReadOnly) | (createMode is null ? 0 : Libc.OpenCreate);
        while (true)
        {
            int descriptor = Libc.Open(path, flags, (int)(createMode ?? 0));
            error = descriptor < 0 ? Libc.LastError : Errno.None;
            if (error == Errno.None)
                return new SafeFileHandle(descriptor, ownsHandle: true);
            if (error != Errno.Interrupted)
                return null;
        }
    }

    /// <summary>Reads from where the file stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="room">Where the bytes go.</param>
    /// <param name="error">Why not.</param>
    /// <returns>How many bytes; 0 at the end and when the call failed.</returns>
    public static unsafe int Read(SafeFileHandle file, Span<byte> room, out Errno error)
    {
        fixed (byte* start = room)
        {
            while (true)
            {
                nint read = Libc.Read(file, start, (nuint)room.Length);
                error = read < 0 ? Libc.LastError : Errno.None;
                if (error != Errno.Interrupted)
                    return (int)Math.Max(read, 0);
            }
        }
    }
}

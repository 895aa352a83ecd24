// A file that is being written. Mirrors pwrite(2) and fsync(2).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A new file of a <see cref="FolderFile"/>, open for writing. Errors are answers: a disk that is full is no surprise.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RegularFile : FileDescriptorHandle
{
    internal RegularFile(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Writes all of the bytes.</summary>
    /// <param name="offset">Where in the file, in bytes.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns><see cref="Errno.None"/>, or why not all were written.</returns>
    public unsafe Errno WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint written = Libc.WriteAt(this, start + done, (nuint)(bytes.Length - done), offset + done);
                Errno error = written < 0 ? Libc.LastError : written == 0 ? Errno.InputOutput : Errno.None;
                if (error is not (Errno.None or Errno.Interrupted))
                    return error;
                done += (int)Math.Max(written, 0);
            }
        }

        return Errno.None;
    }

    /// <summary>Waits until the disk has the file.</summary>
    public Errno Synchronize() => FolderFile.Synchronize(this);
}

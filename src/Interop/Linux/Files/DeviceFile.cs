// An open character device, or any file that stands for one. Mirrors open(2), read(2), write(2), flock(2) as UIO, the
// /dev/vmbus and the /dev/mshv devices are used with.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// An open device. Reads and writes are single calls whose error number is the answer, because for a device most of them
/// mean something: nothing there yet, gone, refused.
/// </summary>
/// <remarks>Thread-safe: the kernel decides what two calls at once mean to the device. Nothing allocates but the opening.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class DeviceFile : FileDescriptorHandle
{
    private DeviceFile(int descriptor, string path) : base(descriptor) => Path = path;

    /// <summary>The path it was opened by, or the name it was given.</summary>
    public string Path { get; }

    /// <summary>Opens a device, closed on exec.</summary>
    /// <param name="path">Its path. It is never created.</param>
    /// <param name="access">What it is opened for.</param>
    /// <param name="nonBlocking">
    /// Whether a read that would have to wait answers <see cref="Errno.TryAgain"/> instead. Some devices ignore it.
    /// </param>
    /// <exception cref="ErrnoException">The kernel or the driver refused.</exception>
    public static DeviceFile Open(string path, DeviceAccess access = DeviceAccess.ReadWrite, bool nonBlocking = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int flags = Libc.OpenCloseOnExec | (nonBlocking ? Libc.OpenNonBlocking : 0) | access switch
        {
            DeviceAccess.Read => Libc.OpenReadOnly,
            DeviceAccess.Write => Libc.OpenWriteOnly,
            DeviceAccess.ReadWrite => Libc.OpenReadWrite,
            _ => throw new ArgumentOutOfRangeException(nameof(access), access, "No such access."),
        };
        while (true)
        {
            int descriptor = Libc.Open(path, flags, 0);
            if (descriptor >= 0)
                return new DeviceFile(descriptor, path);
            Errno error = Libc.LastError;
            if (error != Errno.Interrupted)
                throw new ErrnoException($"open of {path}", error);
        }
    }

    /// <summary>Takes ownership of a device that other code opened: one that another call made, or an inherited one.</summary>
    /// <param name="descriptor">The descriptor. It belongs to this call from the start.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="ErrnoException">It is not open.</exception>
    public static DeviceFile Adopt(int descriptor, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var file = new DeviceFile(descriptor, name);
        try
        {
            file.MakeCloseOnExec();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads once. A signal handler that ran meanwhile does not end it.</summary>
    /// <param name="buffer">Where the bytes go; many devices want an exact size.</param>
    /// <param name="length">How many bytes were read; 0 at the end, and when the call failed.</param>
    /// <returns><see cref="Errno.None"/>, or why nothing was read.</returns>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public unsafe Errno Read(Span<byte> buffer, out int length)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint read = Libc.Read(this, start, (nuint)buffer.Length);
                Errno error = read < 0 ? Libc.LastError : Errno.None;
                if (error == Errno.Interrupted)
                    continue;
                length = (int)Math.Max(read, 0);
                return error;
            }
        }
    }

    /// <summary>Writes once. A signal handler that ran meanwhile does not end it.</summary>
    /// <param name="bytes">The bytes; a device takes them all or none.</param>
    /// <returns><see cref="Errno.None"/>, or why nothing was written; <see cref="Errno.InputOutput"/> when only some were.</returns>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public unsafe Errno Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                nint written = Libc.Write(this, start, (nuint)bytes.Length);
                if (written == bytes.Length)
                    return Errno.None;
                Errno error = written < 0 ? Libc.LastError : Errno.InputOutput;
                if (error != Errno.Interrupted)
                    return error;
            }
        }
    }

    /// <summary>
    /// Takes the advisory lock of the file, until it is closed. Everyone who opened the device may take it, and only
    /// those who ask for it are kept out.
    /// </summary>
    /// <returns><see langword="false"/> when another process has it.</returns>
    /// <exception cref="ErrnoException">The kernel refused for another reason.</exception>
    public bool TryLock()
    {
        while (Libc.Lock(this, Libc.LockExclusive | Libc.LockNonBlocking) < 0)
        {
            Errno error = Libc.LastError;
            if (error == Errno.TryAgain)
                return false;
            if (error != Errno.Interrupted)
                throw new ErrnoException($"flock of {Path}", error);
        }
        return true;
    }

    /// <summary>The size of the file in bytes, as its inode says: 0 of a character device.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe long GetLength()
    {
        StatxBuffer status;
        if (Libc.Statx(this, "", Libc.StatxEmptyPath, Libc.StatxSize, &status) < 0)
            throw ErrnoException.FromLastCall($"reading the size of {Path} (statx)");
        return checked((long)status.Size);
    }

    // A control call without an argument: the pointer is null.
    internal unsafe Errno Control(uint request)
    {
        while (true)
        {
            Errno error = Libc.Control(this, request, null) < 0 ? Libc.LastError : Errno.None;
            if (error != Errno.Interrupted)
                return error;
        }
    }

    // A control call with a blittable argument. The driver's answer is the result when there is no error.
    internal unsafe Errno Control<T>(uint request, ref T argument, out int result) where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            while (true)
            {
                result = Libc.Control(this, request, pointer);
                Errno error = result < 0 ? Libc.LastError : Errno.None;
                if (error != Errno.Interrupted)
                    return error;
            }
        }
    }
}

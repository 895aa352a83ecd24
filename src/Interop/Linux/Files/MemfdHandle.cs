// Memory as a file descriptor, of a sealed size: what two processes map to share a ring.
// Mirrors memfd_create(2) with the seals of fcntl(2).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// Anonymous shared memory behind a file descriptor (<c>memfd</c>), sealed against shrinking and growing. The seals
/// are what makes it safe to map memory that an untrusted peer holds too: a peer that could truncate the file
/// would turn our next access into a <c>SIGBUS</c>.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MemfdHandle : FileDescriptorHandle
{
    private MemfdHandle(int descriptor) : base(descriptor)
    {
    }

    /// <summary>The size in bytes. Cannot change: it is sealed.</summary>
    public long Size { get; private set; }

    /// <summary>Makes zeroed shared memory, sealed against any change of its size, closed on exec.</summary>
    /// <param name="name">A name for <c>/proc/self/maps</c>; need not be unique. At most 249 bytes of UTF-8.</param>
    /// <param name="size">The size in bytes: a positive multiple of 4096.</param>
    /// <exception cref="ArgumentException"><paramref name="size"/> is not a positive multiple of 4096.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MemfdHandle Create(string name, long size)
    {
        ArgumentNullException.ThrowIfNull(name);
        PageMath.CheckLength(size, nameof(size));
        int descriptor = Libc.MemfdCreate(name, Libc.MemfdCloseOnExec | Libc.MemfdAllowSealing);
        if (descriptor < 0)
            throw ErrnoException.FromLastCall($"memfd_create of \"{name}\"");
        var memory = new MemfdHandle(descriptor) { Size = size };
        try
        {
            if (Libc.Truncate(memory, size) < 0)
                throw ErrnoException.FromLastCall($"ftruncate of memfd \"{name}\" to {size} bytes");
            if (Libc.Fcntl(memory, Libc.FcntlAddSeals, Libc.SealShrink | Libc.SealGrow | Libc.SealSeal) < 0)
                throw ErrnoException.FromLastCall($"sealing memfd \"{name}\" (fcntl F_ADD_SEALS)");
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Takes ownership of a memfd that came from another process, once its size proves to be sealed.</summary>
    /// <param name="descriptor">
    /// The descriptor. It belongs to this call from the start: when a check fails it is closed.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Not sealed against shrinking and growing, or its size is not a positive multiple of 4096.
    /// </exception>
    /// <exception cref="ErrnoException">Not open, or not a memfd at all (<see cref="Errno.InvalidArgument"/>).</exception>
    public static unsafe MemfdHandle Adopt(int descriptor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        var memory = new MemfdHandle(descriptor);
        try
        {
            int seals = Libc.Fcntl(memory, Libc.FcntlGetSeals, 0);
            if (seals < 0)
                throw ErrnoException.FromLastCall($"reading the seals of descriptor {descriptor} (fcntl F_GET_SEALS)");
            const int Needed = Libc.SealShrink | Libc.SealGrow;
            if ((seals & Needed) != Needed)
            {
                throw new ArgumentException(
                    $"The memory behind descriptor {descriptor} can still change its size: seals are 0x{seals:X}, 0x{Needed:X} (F_SEAL_SHRINK | F_SEAL_GROW) are needed.",
                    nameof(descriptor));
            }
            // Only after the seals are known to be on does the size stay what is read here.
            StatxBuffer status;
            if (Libc.Statx(memory, "", Libc.StatxEmptyPath, Libc.StatxSize, &status) < 0)
                throw ErrnoException.FromLastCall($"reading the size of descriptor {descriptor} (statx)");
            memory.Size = checked((long)status.Size);
            PageMath.CheckLength(memory.Size, nameof(descriptor));
            memory.MakeCloseOnExec();
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}

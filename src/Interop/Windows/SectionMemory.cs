// Memory of the paging file, mapped as a whole, and in pieces where Windows can. What memfd_create is on Linux.

using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>
/// A section of zeroed memory, committed and mapped for reading and writing. It is unmapped by <see cref="Dispose"/>, or when
/// it is collected: the way for an owner whose threads may still touch it.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class SectionMemory : IDisposable
{
    private readonly SafeFileHandle _section;
    private readonly int _size;
    private int _disposed;

    private SectionMemory(SafeFileHandle section, nint address, int size)
    {
        _section = section;
        Address = address;
        _size = size;
    }

    /// <summary>Where it is mapped, at a multiple of 65536.</summary>
    public nint Address { get; }

    /// <summary>Makes and maps a section.</summary>
    /// <param name="size">Its size in bytes.</param>
    /// <exception cref="Win32Exception">There is not as much memory, or address space.</exception>
    public static SectionMemory Create(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        nint handle = Kernel32.CreateSection(Kernel32.PagingFile, 0, Kernel32.PageReadWrite | Kernel32.SectionCommit, 0, (uint)size, 0);
        if (handle == 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"CreateFileMapping of {size} bytes failed: {Marshal.GetLastPInvokeErrorMessage()}");
        var section = new SafeFileHandle(handle, ownsHandle: true);
        nint address = Kernel32.MapView(section, Kernel32.MapRead | Kernel32.MapWrite, 0, 0, (nuint)size);
        if (address != 0)
            return new SectionMemory(section, address, size);
        int error = Marshal.GetLastPInvokeError();
        section.Dispose();
        throw new Win32Exception(error, $"MapViewOfFile of {size} bytes failed: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>The memory.</summary>
    /// <returns>Its bytes, dead after <see cref="Dispose"/>.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public unsafe Span<byte> AsSpan()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return new Span<byte>((void*)Address, _size);
    }

    /// <summary>Maps a ring out of pages anywhere in the section: the control page, and the data twice back to back.</summary>
    /// <param name="offsets">Where the control page is, then each page of data: multiples of 4096.</param>
    /// <returns>
    /// The ring; <see langword="null"/> when this Windows has no placeholders (before 10 1803), or no room for the pieces.
    /// </returns>
    public SectionRing? TryMapRing(ReadOnlySpan<long> offsets)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        foreach (long offset in offsets)
        {
            if (offset < 0 || offset > _size - SectionRing.PageSize || offset % SectionRing.PageSize != 0)
                throw new ArgumentOutOfRangeException(nameof(offsets), offset, $"No page of a section of {_size} bytes is there.");
        }
        return SectionRing.TryMap(_section, offsets);
    }

    /// <summary>Unmaps and frees the memory.</summary>
    /// <exception cref="Win32Exception">Windows refused.</exception>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (Kernel32.UnmapView(Address) == 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        _section.Dispose();
    }

    /// <summary>Unmaps memory that was not disposed.</summary>
    ~SectionMemory()
    {
        if (_disposed == 0)
            _ = Kernel32.UnmapView(Address);
    }
}

// A ring mapped piece by piece out of a section: a reservation of placeholders, each replaced by a view (VirtualAlloc2,
// MapViewOfFile3). With placeholders a view may begin at any page; without them only at each sixteenth.

using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A mapped ring: its control page, and behind it its data twice back to back. It is unmapped by <see cref="Dispose"/>, or when
/// it is collected: the way for an owner whose threads may still touch it.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe class SectionRing : IDisposable
{
    internal const int PageSize = 4096;

    private readonly List<nint> _views = [];
    private nint _placeholder;
    private int _disposed;

    private SectionRing(nint address, int dataSize)
    {
        ControlAddress = address;
        DataSize = dataSize;
        _placeholder = address;
    }

    /// <summary>Where the control page is mapped.</summary>
    public nint ControlAddress { get; }

    /// <summary>
    /// Called once when the addresses are gone, by <see cref="Dispose"/> or on the finalizer's thread: it must not throw, nor refer
    /// to this object.
    /// </summary>
    public Action? Unmapped { get; set; }

    /// <summary>The size of the data in bytes, counted once.</summary>
    public int DataSize { get; }

    internal static SectionRing? TryMap(SafeHandle section, ReadOnlySpan<long> offsets)
    {
        int dataPages = offsets.Length - 1;
        nuint size = (nuint)(1 + 2 * dataPages) * PageSize;
        nint address;
        try
        {
            address = Kernel32.Allocate2(Kernel32.CurrentProcess, 0, size, Kernel32.Reserve | Kernel32.ReservePlaceholder, Kernel32.PageNoAccess, null, 0);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
        if (address == 0)
            return null;
        var ring = new SectionRing(address, dataPages * PageSize);
        if (ring.TryMapPages(section, offsets) && ring.TryMapPages(section, offsets[1..]))
            return ring;
        ring.Dispose();
        return null;
    }

    /// <summary>Unmaps it.</summary>
    /// <exception cref="Win32Exception">Windows refused.</exception>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Interlocked.Exchange(ref _disposed, 1) == 0 && !TryUnmap())
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Unmaps a ring that was not disposed.</summary>
    ~SectionRing()
    {
        if (_disposed == 0)
            TryUnmap();
    }

    private bool TryUnmap()
    {
        bool isUnmapped = true;
        foreach (nint view in _views)
            isUnmapped &= Kernel32.UnmapView(view) != 0;
        if (_placeholder < ControlAddress + PageSize + 2 * (nint)DataSize)
            isUnmapped &= Kernel32.Free(_placeholder, 0, Kernel32.Release) != 0;
        if (isUnmapped)
            Unmapped?.Invoke();
        return isUnmapped;
    }

    // Pages that are neighbours in the section become one view.
    private bool TryMapPages(SafeHandle section, ReadOnlySpan<long> offsets)
    {
        while (!offsets.IsEmpty)
        {
            int pages = 1;
            while (pages < offsets.Length && offsets[pages] == offsets[0] + pages * (long)PageSize)
                pages++;
            if (!TryMapView(section, offsets[0], pages * PageSize))
                return false;
            offsets = offsets[pages..];
        }
        return true;
    }

    private bool TryMapView(SafeHandle section, long offset, int size)
    {
        nint end = ControlAddress + PageSize + 2 * (nint)DataSize;
        // A placeholder is replaced whole: what is to stay one is split off first.
        if (_placeholder + size < end && Kernel32.Free(_placeholder, (nuint)size, Kernel32.Release | Kernel32.PreservePlaceholder) == 0)
            return false;
        nint view = Kernel32.MapView3(
            section, Kernel32.CurrentProcess, _placeholder, (ulong)offset, (nuint)size, Kernel32.ReplacePlaceholder, Kernel32.PageReadWrite, null, 0);
        if (view == 0)
        {
            // Split off already, so that it is no part of the rest any more.
            Kernel32.Free(_placeholder, 0, Kernel32.Release);
            _placeholder += size;
            return false;
        }
        _views.Add(view);
        _placeholder += size;
        return true;
    }
}

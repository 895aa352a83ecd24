// Mapped memory between two guard pages, unmapped once. Mirrors mmap(2): the address range is reserved first,
// inaccessible, and the memory is mapped into the middle of it, so nothing else can ever lie beside it.
//
// Offsets and lengths are whole pages of VMBus, 4096 bytes. A map begins at a page of the kernel's, which may be larger: what lies
// before the offset in that page is mapped too (the lead), and what lies behind the end in the last.
//
//     [guard][lead . . region . . . rest of the page][guard]
//                    ^ Address

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>
/// A mapped region with an inaccessible page directly before and directly after it, so that an access beyond
/// either end faults instead of touching other memory.
/// </summary>
/// <remarks>
/// The owner unmaps it: by <c>Dispose</c>, after which addresses and spans taken from it are dead, or by <see cref="Retire"/>,
/// after which they lead to private pages for as long as this object is reachable.
/// </remarks>
[SupportedOSPlatform("linux")]
internal class MappedMemory : SafeHandleZeroOrMinusOneIsInvalid
{
    // What one retired region tells the collector it weighs: address space, of which a process has 65,530 pieces.
    private const long RetiredWeight = 64 * 1024;

    private static int _liveCount;

    private readonly int _page;
    private readonly int _lead;
    private readonly long _reserved;
    private int _retired;

    // Reserves the range: length accessible bytes (once mapped) behind a lead, between two guard pages.
    private protected MappedMemory(long length, int page, int lead = 0) : base(ownsHandle: true)
    {
        Length = length;
        _page = page;
        _lead = lead;
        _reserved = checked((Mapped + page - 1) / page * page + 2L * page);
        nint start = Libc.Map(0, checked((nuint)_reserved), (int)MemoryProtection.None,
            Libc.MapPrivate | Libc.MapAnonymous | Libc.MapNoReserve, -1, 0);
        if (start == Libc.MapFailed)
            throw ErrnoException.FromLastCall($"mmap of {_reserved} bytes of address space");
        SetHandle(start);
        Interlocked.Increment(ref _liveCount);
    }

    /// <summary>
    /// The number of regions mapped in this process and neither unmapped nor retired, of this type and of
    /// <see cref="MappedRing"/>: 0 when nothing leaks.
    /// </summary>
    public static int LiveCount => Volatile.Read(ref _liveCount);

    /// <summary>The address of the first accessible byte.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle + _page + _lead;
        }
    }

    // Where the map itself begins.
    private nint Start => Address - _lead;

    // What the kernel maps, but for the rest of the last page.
    private long Mapped => checked(_lead + Length);

    /// <summary>
    /// Called once when the addresses are gone, by <c>Dispose</c> or on the finalizer's thread: it must not throw. It must not refer
    /// to this object either, which would never be collected.
    /// </summary>
    public Action? Unmapped { get; set; }

    /// <summary>Whether the memory was given back by <see cref="Retire"/>: private pages are what its addresses lead to.</summary>
    public bool IsRetired => Volatile.Read(ref _retired) != 0;

    /// <summary>The number of accessible bytes from <see cref="Address"/> on, without the guard pages.</summary>
    public long Length { get; }

    /// <summary>Maps a part of shared memory; what is written is seen by everyone who maps it.</summary>
    /// <param name="memory">The memory. It may be closed once mapped.</param>
    /// <param name="offset">Where in it to begin, in bytes: a multiple of 4096.</param>
    /// <param name="length">How many bytes: a positive multiple of 4096.</param>
    /// <param name="protection">What the mapping may be used for.</param>
    /// <param name="pageSize">Bytes of the kernel's page, at which maps begin; its own where it is not given. For tests.</param>
    /// <exception cref="ArgumentException">Not whole pages, or beyond the end of <paramref name="memory"/>.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedMemory Map(MemfdHandle memory, long offset, long length, MemoryProtection protection = MemoryProtection.ReadWrite, int? pageSize = null)
    {
        PageMath.CheckLength(length, nameof(length));
        CheckInside(memory, offset, length);
        return MapPart(memory, offset, length, protection, pageSize ?? PageMath.PageSize);
    }

    /// <summary>
    /// Maps a part of a device or a file. What lies where in a device is the device's affair: of a UIO device, map n
    /// begins at n times the page size, however long the maps before it are.
    /// </summary>
    /// <param name="file">The device. It may be closed once mapped, unless its driver says otherwise.</param>
    /// <param name="offset">Where in it to begin, in bytes: a multiple of the kernel's page size.</param>
    /// <param name="length">
    /// How many bytes: a positive multiple of 4096. A device refuses what it has not; of a regular file nothing
    /// checks it here, and an access beyond its end is a <c>SIGBUS</c>.
    /// </param>
    /// <param name="protection">What the mapping may be used for.</param>
    /// <exception cref="ArgumentException">Not whole pages.</exception>
    /// <exception cref="ErrnoException">
    /// The kernel refused; <see cref="Errno.InvalidArgument"/> when the device has no such map or a shorter one.
    /// </exception>
    public static MappedMemory Map(DeviceFile file, long offset, long length, MemoryProtection protection = MemoryProtection.ReadWrite)
    {
        ArgumentNullException.ThrowIfNull(file);
        PageMath.CheckLength(length, nameof(length));
        PageMath.CheckKernelOffset(offset, nameof(offset));
        return MapPart(file, offset, length, protection, PageMath.PageSize);
    }

    /// <summary>Maps zeroed memory that belongs to this process alone.</summary>
    /// <param name="length">How many bytes: a positive multiple of 4096.</param>
    /// <exception cref="ArgumentException"><paramref name="length"/> is not a positive multiple of 4096.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedMemory MapAnonymous(long length)
    {
        PageMath.CheckLength(length, nameof(length));
        var mapped = new MappedMemory(length, PageMath.PageSize);
        // The reservation is anonymous memory already: all it lacks is permission.
        if (Libc.Protect(mapped.Start, (nuint)length, (int)MemoryProtection.ReadWrite) < 0)
        {
            ErrnoException error = ErrnoException.FromLastCall($"mprotect of {length} bytes");
            mapped.Dispose();
            throw error;
        }
        return mapped;
    }

    /// <summary>
    /// Maps one ring: its control page, then its data twice, back to back, so that a packet crossing the end of
    /// the ring reads and writes as one contiguous run. Once only, where the kernel's pages are larger than 4096 bytes and the
    /// data does not begin and end at one.
    /// </summary>
    /// <param name="memory">Memory that holds, at <paramref name="offset"/>, the control page and the data.</param>
    /// <param name="offset">Where the control page begins, in bytes: a multiple of 4096.</param>
    /// <param name="dataSize">The size of the data without the control page, in bytes: a positive multiple of 4096.</param>
    /// <param name="pageSize">Bytes of the kernel's page, at which maps begin; its own where it is not given. For tests.</param>
    /// <exception cref="ArgumentException">Not whole pages, or beyond the end of <paramref name="memory"/>.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedRing MapRing(MemfdHandle memory, long offset, int dataSize, int? pageSize = null) =>
        MappedRing.Map(memory, offset, dataSize, twice: true, pageSize ?? PageMath.PageSize);

    /// <summary>
    /// Maps one ring whose pages lie anywhere in the memory: control page, then the data, then the data again, each page
    /// where its neighbours expect it. The data comes once, where the kernel's pages are larger and it is one run that does not
    /// begin and end at one.
    /// </summary>
    /// <param name="memory">Memory that holds the pages.</param>
    /// <param name="pageOffsets">
    /// Where each page begins, in bytes, a multiple of 4096: the control page first, then at least one of data.
    /// </param>
    /// <param name="pageSize">Bytes of the kernel's page, at which maps begin; its own where it is not given. For tests.</param>
    /// <returns>The ring; <see langword="null"/> where the kernel's pages are larger, and the data is neither whole pages of the kernel's nor one run.</returns>
    /// <exception cref="ArgumentException">A page is beyond the end of <paramref name="memory"/>, or there are too few.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedRing? MapScatteredRing(MemfdHandle memory, ReadOnlySpan<long> pageOffsets, int? pageSize = null) =>
        MappedRing.MapScattered(memory, pageOffsets, pageSize ?? PageMath.PageSize);

    /// <summary>
    /// Maps one ring as memory that cannot be mapped twice (UIO) shows it: control page, data once, and directly
    /// behind them the guard page.
    /// </summary>
    /// <inheritdoc cref="MapRing" path="/param"/>
    /// <inheritdoc cref="MapRing" path="/exception"/>
    public static MappedRing MapSingleRing(MemfdHandle memory, long offset, int dataSize, int? pageSize = null) =>
        MappedRing.Map(memory, offset, dataSize, twice: false, pageSize ?? PageMath.PageSize);

    /// <summary>
    /// Has every page mapped now, by reading it: of a device that goes away later, a page that was never touched is a
    /// <c>SIGBUS</c> at the first touch.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    /// <exception cref="ErrnoException"><see cref="Errno.BadAddress"/>: the memory is gone already.</exception>
    public unsafe void Populate()
    {
        if (Libc.Advise(Start, (nuint)Mapped, Libc.AdvisePopulateRead) == 0)
            return;
        Errno error = Libc.LastError;
        if (error != Errno.InvalidArgument)
            throw new ErrnoException($"madvise(MADV_POPULATE_READ) of {Length} bytes", error);

        // Linux before 5.14, or memory whose pages are all mapped from the start.
        for (nint at = 0; at < Length; at += PageMath.PageSize)
            Volatile.Read(ref *(byte*)(Address + at));
    }

    /// <summary>
    /// Replaces the memory by a private copy of it, at the same address: what others do with the memory from now on is not
    /// seen here, and what is written here reaches no other mapping. Threads that read and write meanwhile go on doing so; what
    /// they write during the call may be lost.
    /// </summary>
    /// <remarks>
    /// For memory that its owner takes back while mappings of it stand, such as the rings of a device that went away. Pages
    /// that are not there any more become zeros.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    /// <exception cref="ErrnoException">The kernel refused; the memory is as it was.</exception>
    public unsafe void Detach()
    {
        nint from = Start;
        long length = Mapped;
        using MemfdHandle copy = MemfdHandle.Create("vmbus-taken-back", length);

        // The kernel reads for us: where a device that is gone has pages that were never touched, it says EFAULT, and we
        // would get a SIGBUS. Linux maps most of a UIO device page by page, at the first touch.
        long at = 0;
        while (at < length)
        {
            nint written = Libc.WriteAt(copy, (void*)(from + (nint)at), (nuint)(length - at), at);
            if (written > 0)
            {
                at += written;
                continue;
            }
            Errno error = Libc.LastError;
            if (error == Errno.BadAddress)
                at = (at / PageMath.PageSize + 1) * PageMath.PageSize;
            else if (error != Errno.Interrupted)
                throw new ErrnoException($"copying {length} bytes to detached memory", error);
        }

        // One call: at no moment is there nothing at the address.
        Place(copy, 0, 0, length, MemoryProtection.ReadWrite);
    }

    /// <summary>
    /// Gives the memory back and keeps its addresses: private zeroed pages take its place, in one step, and stay until this
    /// object is collected. A thread that still reads or writes here meets those pages, never a fault and never the memory.
    /// </summary>
    /// <remarks>
    /// For the end of a channel that another thread may be using at this very moment. Where the kernel refuses, the memory
    /// itself stays mapped until the object is collected. May be called more than once; not after <c>Dispose</c>.
    /// </remarks>
    /// <returns>Whether private pages have the place of the memory now; not told a second time.</returns>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public bool Retire()
    {
        nint start = Start;
        if (Interlocked.Exchange(ref _retired, 1) != 0)
            return false;
        // A refusal (more pieces of memory than a process may have) is no reason to fail the end of a channel.
        bool isPrivate = Libc.Map(start, (nuint)Mapped, (int)MemoryProtection.ReadWrite,
            Libc.MapPrivate | Libc.MapAnonymous | Libc.MapNoReserve | Libc.MapFixed, -1, 0) != Libc.MapFailed;
        Interlocked.Decrement(ref _liveCount);
        GC.AddMemoryPressure(RetiredWeight);
        return isPrivate;
    }

    /// <summary>The accessible bytes. The span must not be used after <c>Dispose</c>.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    /// <exception cref="InvalidOperationException">The region is longer than a span can be (2 GiB - 1).</exception>
    public unsafe Span<byte> AsSpan()
    {
        if (Length > int.MaxValue)
            throw new InvalidOperationException($"A region of {Length} bytes is longer than a span can be, {int.MaxValue}.");
        return new Span<byte>((void*)Address, (int)Length);
    }

    /// <summary>Some of the accessible bytes, of a region of any length. The span must not be used after <c>Dispose</c>.</summary>
    /// <param name="offset">Where they begin.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all in the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public unsafe Span<byte> AsSpan(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new Span<byte>((void*)(Address + (nint)offset), length);
    }

    private protected static void CheckInside(MemfdHandle memory, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        PageMath.CheckOffset(offset, nameof(offset));
        // Beyond the end of the file the mapping would succeed, and the first access be a SIGBUS.
        if (length > memory.Size - offset)
            throw new ArgumentException($"{length} bytes at offset {offset} reach beyond the end of the memory, {memory.Size} bytes.", nameof(offset));
    }

    private static MappedMemory MapPart(SafeHandle file, long offset, long length, MemoryProtection protection, int page)
    {
        int lead = (int)(offset % page);
        var mapped = new MappedMemory(length, page, lead);
        try
        {
            mapped.Place(file, offset - lead, 0, lead + length, protection);
            return mapped;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    // Offset and place, counted from the first mapped byte on, are whole pages of the kernel's.
    private protected void Place(SafeHandle memory, long offset, long at, long length, MemoryProtection protection)
    {
        nint target = checked(Start + (nint)at);
        if (Libc.Map(target, (nuint)length, (int)protection, Libc.MapShared | Libc.MapFixed, memory, offset) == Libc.MapFailed)
            throw ErrnoException.FromLastCall($"mmap of {length} bytes at offset {offset}");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (Volatile.Read(ref _retired) != 0)
            GC.RemoveMemoryPressure(RetiredWeight);
        else
            Interlocked.Decrement(ref _liveCount);
        bool isUnmapped = Libc.Unmap(handle, (nuint)_reserved) == 0;
        if (isUnmapped)
            Unmapped?.Invoke();
        return isUnmapped;
    }
}

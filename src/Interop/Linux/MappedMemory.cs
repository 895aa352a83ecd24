// Mapped memory between two guard pages, unmapped once. Mirrors mmap(2): the address range is reserved first,
// inaccessible, and the memory is mapped into the middle of it, so nothing else can ever lie beside it.

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

    private readonly long _reserved;
    private int _retired;

    // Reserves the range: length accessible bytes (once mapped) between two guard pages.
    private protected MappedMemory(long length) : base(ownsHandle: true)
    {
        Length = length;
        _reserved = checked(length + 2L * PageMath.PageSize);
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
            return handle + PageMath.PageSize;
        }
    }

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
    /// <param name="offset">Where in it to begin, in bytes: a multiple of the page size.</param>
    /// <param name="length">How many bytes: a positive multiple of the page size.</param>
    /// <param name="protection">What the mapping may be used for.</param>
    /// <exception cref="ArgumentException">Not whole pages, or beyond the end of <paramref name="memory"/>.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedMemory Map(MemfdHandle memory, long offset, long length, MemoryProtection protection = MemoryProtection.ReadWrite)
    {
        PageMath.CheckLength(length, nameof(length));
        CheckInside(memory, offset, length);
        return Map((SafeHandle)memory, offset, length, protection);
    }

    /// <summary>
    /// Maps a part of a device or a file. What lies where in a device is the device's affair: of a UIO device, map n
    /// begins at n times the page size, however long the maps before it are.
    /// </summary>
    /// <param name="file">The device. It may be closed once mapped, unless its driver says otherwise.</param>
    /// <param name="offset">Where in it to begin, in bytes: a multiple of the page size.</param>
    /// <param name="length">
    /// How many bytes: a positive multiple of the page size. A device refuses what it has not; of a regular file nothing
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
        PageMath.CheckOffset(offset, nameof(offset));
        return Map((SafeHandle)file, offset, length, protection);
    }

    /// <summary>Maps zeroed memory that belongs to this process alone.</summary>
    /// <param name="length">How many bytes: a positive multiple of the page size.</param>
    /// <exception cref="ArgumentException"><paramref name="length"/> is not a positive multiple of the page size.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedMemory MapAnonymous(long length)
    {
        PageMath.CheckLength(length, nameof(length));
        var mapped = new MappedMemory(length);
        // The reservation is anonymous memory already: all it lacks is permission.
        if (Libc.Protect(mapped.Address, (nuint)length, (int)MemoryProtection.ReadWrite) < 0)
        {
            ErrnoException error = ErrnoException.FromLastCall($"mprotect of {length} bytes");
            mapped.Dispose();
            throw error;
        }
        return mapped;
    }

    /// <summary>
    /// Maps one ring: its control page, then its data twice, back to back, so that a packet crossing the end of
    /// the ring reads and writes as one contiguous run.
    /// </summary>
    /// <param name="memory">Memory that holds, at <paramref name="offset"/>, the control page and the data.</param>
    /// <param name="offset">Where the control page begins, in bytes: a multiple of the page size.</param>
    /// <param name="dataSize">The size of the data without the control page, in bytes: a positive multiple of the page size.</param>
    /// <exception cref="ArgumentException">Not whole pages, or beyond the end of <paramref name="memory"/>.</exception>
    /// <exception cref="PlatformNotSupportedException">The kernel's pages are larger than the control page.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedRing MapRing(MemfdHandle memory, long offset, int dataSize) =>
        MappedRing.Map(memory, offset, dataSize, copies: 2);

    /// <summary>
    /// Maps one ring whose pages lie anywhere in the memory: control page, then the data, then the data again, each page
    /// where its neighbours expect it.
    /// </summary>
    /// <param name="memory">Memory that holds the pages.</param>
    /// <param name="pageOffsets">
    /// Where each page begins, in bytes, a multiple of the page size: the control page first, then at least one of data.
    /// </param>
    /// <exception cref="ArgumentException">A page is beyond the end of <paramref name="memory"/>, or there are too few.</exception>
    /// <exception cref="PlatformNotSupportedException">The kernel's pages are larger than the control page.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static MappedRing MapScatteredRing(MemfdHandle memory, ReadOnlySpan<long> pageOffsets) => MappedRing.MapScattered(memory, pageOffsets);

    /// <summary>
    /// Maps one ring as memory that cannot be mapped twice (UIO) shows it: control page, data once, and directly
    /// behind them the guard page.
    /// </summary>
    /// <inheritdoc cref="MapRing" path="/param"/>
    /// <inheritdoc cref="MapRing" path="/exception"/>
    public static MappedRing MapSingleRing(MemfdHandle memory, long offset, int dataSize) =>
        MappedRing.Map(memory, offset, dataSize, copies: 1);

    /// <summary>
    /// Has every page mapped now, by reading it: of a device that goes away later, a page that was never touched is a
    /// <c>SIGBUS</c> at the first touch.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    /// <exception cref="ErrnoException"><see cref="Errno.BadAddress"/>: the memory is gone already.</exception>
    public unsafe void Populate()
    {
        if (Libc.Advise(Address, (nuint)Length, Libc.AdvisePopulateRead) == 0)
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
        nint from = Address;
        using MemfdHandle copy = MemfdHandle.Create("vmbus-taken-back", Length);

        // The kernel reads for us: where a device that is gone has pages that were never touched, it says EFAULT, and we
        // would get a SIGBUS. Linux maps most of a UIO device page by page, at the first touch.
        long at = 0;
        while (at < Length)
        {
            nint written = Libc.WriteAt(copy, (void*)(from + (nint)at), (nuint)(Length - at), at);
            if (written > 0)
            {
                at += written;
                continue;
            }
            Errno error = Libc.LastError;
            if (error == Errno.BadAddress)
                at = (at / PageMath.PageSize + 1) * PageMath.PageSize;
            else if (error != Errno.Interrupted)
                throw new ErrnoException($"copying {Length} bytes to detached memory", error);
        }

        // One call: at no moment is there nothing at the address.
        Place(copy, 0, 0, Length, MemoryProtection.ReadWrite);
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
        nint start = Address;
        if (Interlocked.Exchange(ref _retired, 1) != 0)
            return false;
        // A refusal (more pieces of memory than a process may have) is no reason to fail the end of a channel.
        bool isPrivate = Libc.Map(start, (nuint)Length, (int)MemoryProtection.ReadWrite,
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

    private static MappedMemory Map(SafeHandle file, long offset, long length, MemoryProtection protection)
    {
        var mapped = new MappedMemory(length);
        try
        {
            mapped.Place(file, offset, 0, length, protection);
            return mapped;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    private protected void Place(SafeHandle memory, long offset, long at, long length, MemoryProtection protection)
    {
        nint target = checked(Address + (nint)at);
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

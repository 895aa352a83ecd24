// The physical memory of one partition: pages handed out by guest physical address, mapped once as a whole, and ring
// by ring a second time where the memory allows it.

using System.Runtime.InteropServices;
using VmBus.Interop;

namespace VmBus.Hosting;

/// <summary>
/// The memory of a partition, from guest physical address 0 on, with a hole below 4 GiB where there is more than 3 GiB of it. A memfd
/// on Linux, a section on Windows, or a pinned managed array. Allocation is thread-safe; the bytes are shared memory and need fences
/// like any other.
/// </summary>
/// <remarks>The page at address 0 is never handed out, so that 0 can mean "none" as it does in VMBus messages.</remarks>
internal sealed class GuestMemory : IGuestMemory, IDisposable
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 4096;

    /// <summary>The most bytes of a memfd: what the addresses of any processor with nested pages reach.</summary>
    public const long MostBytes = 256L << 30;

    // Of a section, and of a managed array.
    private const long MostBytesInOneSpan = int.MaxValue;

    private readonly PageAllocator _pages;
    private readonly MemfdHandle? _memfd;
    private readonly MappedMemory? _mapped;
    private readonly SectionMemory? _section;
    private readonly int? _kernelPage;
    private readonly byte[]? _managed;
    private readonly int _managedOffset;
    private int _mappedRings;
    private int _uses;          // rings that are mapped, and calls that are inside
    private int _disposed;
    private int _released;

    /// <summary>Makes zeroed memory.</summary>
    /// <param name="size">Its size in bytes: whole pages, two at least, up to <see cref="MostOf"/>.</param>
    /// <param name="shared">Whether it is a memfd or section (Linux, Windows) rather than a pinned managed array.</param>
    /// <param name="kernelPage">For tests: the size of the kernel's pages, as if it were another than this machine's.</param>
    /// <exception cref="ArgumentException">The size is not whole pages, or out of range.</exception>
    /// <exception cref="PlatformNotSupportedException">Shared memory was asked for elsewhere than on Linux and Windows.</exception>
    public GuestMemory(long size, bool shared, int? kernelPage = null)
    {
        _kernelPage = kernelPage;
        if (size % PageSize != 0 || size < 2 * PageSize || size > MostOf(shared))
            throw new ArgumentException($"Guest memory of {size} bytes is not whole pages of {PageSize} bytes, between 2 and {MostOf(shared) / PageSize}.", nameof(size));
        Size = size;
        Map = new GuestAddressMap((ulong)size);
        _pages = new PageAllocator((int)(size / PageSize), border: (int)(GuestAddressMap.HoleStart / PageSize));
        if (!shared)
        {
            // One page more, so that page boundaries here are page boundaries there.
            _managed = GC.AllocateArray<byte>(checked((int)size + PageSize), pinned: true);
            nint start = Marshal.UnsafeAddrOfPinnedArrayElement(_managed, 0);
            _managedOffset = (int)((PageSize - start % PageSize) % PageSize);
            Address = start + _managedOffset;
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            _section = SectionMemory.Create((int)size);
            Address = _section.Address;
            return;
        }
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Shared guest memory needs memfd_create, which only Linux has, or a section of Windows.");
        _memfd = MemfdHandle.Create("vmbus-guest", size);
        try
        {
            _mapped = MappedMemory.Map(_memfd, 0, size, pageSize: kernelPage);
            Address = _mapped.Address;
        }
        catch
        {
            _memfd.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Where guest physical address 0 is mapped. After <see cref="Dispose"/> private pages lie there, or on Windows still the
    /// memory, for as long as this object is reachable.
    /// </summary>
    public nint Address { get; }

    /// <summary>The size in bytes, without the hole.</summary>
    public long Size { get; }

    /// <summary>Where the guest finds it.</summary>
    public GuestAddressMap Map { get; }

    /// <summary>Whether the memory is a memfd or a section: rings of it can be mapped a second time.</summary>
    public bool IsShared => _managed is null;

    /// <summary>The memfd, for another process to map; <see langword="null"/> when the memory is none. Owned by this object.</summary>
    internal MemfdHandle? Memfd => _memfd;

    /// <summary>How many pages are handed out.</summary>
    public int AllocatedPages => _pages.Allocated;

    /// <summary>The most bytes there can be.</summary>
    /// <param name="shared">Whether it is a memfd or section.</param>
    public static long MostOf(bool shared) => shared && OperatingSystem.IsLinux() ? MostBytes : MostBytesInOneSpan;

    /// <summary>Hands out zeroed pages that lie one behind the other.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The guest physical address of the first.</returns>
    /// <exception cref="InsufficientMemoryException">No run of that many pages is free.</exception>
    public ulong AllocatePages(int count)
    {
        Enter();
        try
        {
            ulong gpa = Map.AddressOf((long)_pages.Allocate(count) * PageSize);
            Bytes(gpa, checked(count * PageSize)).Clear();
            return gpa;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes pages back.</summary>
    /// <param name="gpa">The guest physical address of the first.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentException">Some of them are not handed out.</exception>
    public void FreePages(ulong gpa, int count)
    {
        CheckPage(gpa);
        if (!Map.TryFind(gpa, PageSize, out long offset))
            throw new ArgumentException($"There is no page at guest physical address 0x{gpa:x}.", nameof(gpa));
        _pages.Free((int)(offset / PageSize), count);
    }

    /// <summary>Says whether pages are handed out, each named once.</summary>
    /// <param name="frames">The pages: guest physical addresses divided by <see cref="PageSize"/>.</param>
    public bool AreAllocated(ReadOnlySpan<ulong> frames)
    {
        var seen = new HashSet<ulong>();
        foreach (ulong frame in frames)
        {
            if (!TryFindPage(frame, out long offset) || !_pages.IsAllocated((int)(offset / PageSize)) || !seen.Add(frame))
                return false;
        }
        return true;
    }

    /// <summary>Translates a guest physical address.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="length">How many bytes from there on will be touched.</param>
    /// <returns>Where they are mapped.</returns>
    /// <exception cref="ArgumentOutOfRangeException">They reach beyond the end of the memory.</exception>
    public nint Translate(ulong gpa, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return Address + (nint)Find(gpa, length);
    }

    /// <summary>Says whether a range lies in the memory.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="length">Its length in bytes.</param>
    public bool Contains(ulong gpa, int length) => Map.TryFind(gpa, length, out _);

    /// <summary>The bytes at a guest physical address.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="length">How many bytes.</param>
    /// <returns>The bytes. Keep this object reachable while they are used.</returns>
    /// <exception cref="ArgumentOutOfRangeException">They reach beyond the end of the memory.</exception>
    public Span<byte> Bytes(ulong gpa, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        long offset = Find(gpa, length);
        // A linked condition the compiler cannot see: without a managed array there is a mapping, of Linux or of Windows.
        return _managed is not null ? _managed.AsSpan(_managedOffset + (int)offset, length)
            : OperatingSystem.IsLinux() ? _mapped!.AsSpan(offset, length)
            : OperatingSystem.IsWindows() ? _section!.AsSpan().Slice((int)offset, length) : default;
    }

    /// <summary>
    /// Maps a ring: its control page and the data behind it, the data twice where the memory is shared and it begins and ends at pages
    /// of the kernel's.
    /// </summary>
    /// <param name="gpa">The guest physical address of the control page.</param>
    /// <param name="dataSize">The size of the data without the control page: whole pages.</param>
    /// <returns>The mapping. It stays valid after this memory is disposed, until it is disposed itself.</returns>
    /// <exception cref="ArgumentException">Not whole pages.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The ring reaches beyond the end of the memory.</exception>
    internal RingMapping MapRing(ulong gpa, int dataSize)
    {
        CheckPage(gpa);
        if (dataSize <= 0 || dataSize % PageSize != 0)
            throw new ArgumentException($"A ring's data of {dataSize} bytes is not whole pages of {PageSize} bytes.", nameof(dataSize));
        Enter();
        try
        {
            long offset = Find(gpa, checked(PageSize + dataSize));
            RingMapping ring = _memfd is { } memfd && OperatingSystem.IsLinux() ? new RingMapping(this, gpa, MappedMemory.MapRing(memfd, offset, dataSize, _kernelPage))
                : OperatingSystem.IsWindows() && _section?.TryMapRing(PagesFrom(offset, dataSize)) is { } section ? new RingMapping(this, gpa, section)
                : new RingMapping(this, gpa, Address + (nint)offset, dataSize);
            RingMapped();
            return ring;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong gpa, Span<byte> destination)
    {
        if (!Contains(gpa, destination.Length))
            return false;
        Enter();
        try
        {
            Bytes(gpa, destination.Length).CopyTo(destination);
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong gpa, ReadOnlySpan<byte> source)
    {
        if (!Contains(gpa, source.Length))
            return false;
        Enter();
        try
        {
            source.CopyTo(Bytes(gpa, source.Length));
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public IMappedPage? TryMapPage(ulong gpa) =>
        gpa % PageSize == 0 && Contains(gpa, PageSize) ? new MappedPage(this, Translate(gpa, PageSize)) : null;

    /// <inheritdoc/>
    public IMappedRing? TryMapRing(ReadOnlySpan<ulong> pageFrames)
    {
        Enter();
        try
        {
            return MapFrames(pageFrames);
        }
        finally
        {
            Leave();
        }
    }

    private RingMapping? MapFrames(ReadOnlySpan<ulong> pageFrames)
    {
        if (pageFrames.Length < 2 || pageFrames.Length - 1 > RingMemory.MaxDataSize / PageSize)
            return null;
        var offsets = new long[pageFrames.Length];
        for (int page = 0; page < offsets.Length; page++)
        {
            if (!TryFindPage(pageFrames[page], out offsets[page]))
                return null;
        }
        bool isContiguous = true;
        for (int page = 1; page < pageFrames.Length; page++)
            isContiguous &= pageFrames[page] == pageFrames[page - 1] + 1;
        if (isContiguous)
            return MapRing(pageFrames[0] * PageSize, (pageFrames.Length - 1) * PageSize);
        if (OperatingSystem.IsWindows() && _section?.TryMapRing(offsets) is { } section)
        {
            RingMapped();
            return new RingMapping(this, pageFrames[0] * PageSize, section);
        }
        if (_memfd is not { } memfd || !OperatingSystem.IsLinux())
            return null;
        try
        {
            // A kernel with larger pages cannot put any pages in order: the guest's refusal as well.
            if (MappedMemory.MapScatteredRing(memfd, offsets, _kernelPage) is not { } scattered)
                return null;
            var ring = new RingMapping(this, pageFrames[0] * PageSize, scattered);
            RingMapped();
            return ring;
        }
        catch (ErrnoException)
        {
            // More pieces than the kernel lets one process map: the guest chose them, so it is the guest's refusal.
            return null;
        }
    }

    /// <summary>How many rings are mapped.</summary>
    public int MappedRings => Volatile.Read(ref _mappedRings);

    /// <summary>
    /// Gives the memory back; <see cref="Address"/> says what lies at its addresses from then on. While another thread is in a
    /// call here it stays, and goes with the last of them. Rings that are mapped stay as they are.
    /// </summary>
    public void Dispose()
    {
        Interlocked.Increment(ref _uses);
        Interlocked.Exchange(ref _disposed, 1);
        Leave();
    }

    private void Enter()
    {
        Interlocked.Increment(ref _uses);
        if (Volatile.Read(ref _disposed) == 0)
            return;
        Leave();
        ObjectDisposedException.ThrowIf(true, this);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _uses) == 0 && Volatile.Read(ref _disposed) != 0)
            Release();
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0)
            return;
        if (OperatingSystem.IsLinux())
        {
            _mapped?.Retire();
            _memfd?.Dispose();
        }
        // On Windows the section stays mapped until it is collected: nothing there replaces a view in one step.
    }

    private long Find(ulong gpa, int length) => Map.TryFind(gpa, length, out long offset) ? offset
        : throw new ArgumentOutOfRangeException(nameof(gpa), $"{length} bytes at guest physical address 0x{gpa:x} are not all in the memory, 0x{Size:x} bytes.");

    // A guest names any number: times a page's size it may be another address.
    private bool TryFindPage(ulong frame, out long offset)
    {
        offset = 0;
        return frame <= ulong.MaxValue / PageSize && Map.TryFind(frame * PageSize, PageSize, out offset);
    }

    private static long[] PagesFrom(long first, int dataSize)
    {
        var offsets = new long[1 + dataSize / PageSize];
        for (int page = 0; page < offsets.Length; page++)
            offsets[page] = first + page * (long)PageSize;
        return offsets;
    }

    private void RingMapped()
    {
        Interlocked.Increment(ref _uses);
        Interlocked.Increment(ref _mappedRings);
    }

    internal void RingUnmapped()
    {
        Interlocked.Decrement(ref _mappedRings);
        Leave();
    }

    private static void CheckPage(ulong gpa)
    {
        if (gpa % PageSize != 0)
            throw new ArgumentException($"The guest physical address 0x{gpa:x} is not at a page boundary.", nameof(gpa));
    }

    // The memory is mapped as a whole; the page keeps it reachable.
    private sealed class MappedPage(GuestMemory memory, nint address) : IMappedPage
    {
        public nint Address
        {
            get
            {
                GC.KeepAlive(memory);
                return address;
            }
        }

        public void Dispose()
        {
        }
    }
}

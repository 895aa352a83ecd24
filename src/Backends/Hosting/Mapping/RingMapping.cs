// One ring of guest memory, mapped for use. Mirrors what hv_ringbuffer_init makes of a ring's pages.

using VmBus.Interop;

namespace VmBus.Hosting;

/// <summary>
/// A mapped ring: its control page, and its data once or twice back to back. Its owner disposes it; a view over it keeps it
/// reachable.
/// </summary>
internal sealed class RingMapping : IMappedRing
{
    private readonly GuestMemory _memory;
    private readonly MappedRing? _ring;
    private readonly SectionRing? _section;
    private RingShare? _share;
    private int _disposed;

    internal RingMapping(GuestMemory memory, ulong gpa, nint control, int dataSize) : this(memory, gpa, control, control + GuestMemory.PageSize, dataSize)
    {
    }

    private RingMapping(GuestMemory memory, ulong gpa, nint control, nint data, int dataSize)
    {
        _memory = memory;
        GuestAddress = gpa;
        ControlAddress = control;
        DataAddress = data;
        DataSize = dataSize;
    }

    internal RingMapping(GuestMemory memory, ulong gpa, MappedRing ring)
        : this(memory, gpa, OperatingSystem.IsLinux() ? ring.ControlAddress : 0, OperatingSystem.IsLinux() ? ring.DataAddress : 0, OperatingSystem.IsLinux() ? ring.DataSize : 0)
    {
        _ring = ring;
        IsDoubleMapped = OperatingSystem.IsLinux() && ring.IsDataMappedTwice;
    }

    internal RingMapping(GuestMemory memory, ulong gpa, SectionRing ring)
        : this(memory, gpa, OperatingSystem.IsWindows() ? ring.ControlAddress : 0, OperatingSystem.IsWindows() ? ring.DataSize : 0)
    {
        _section = ring;
        IsDoubleMapped = true;
    }

    /// <summary>The guest physical address of the control page; the data follows it.</summary>
    public ulong GuestAddress { get; }

    /// <summary>Where the control page is mapped.</summary>
    public nint ControlAddress { get; }

    /// <summary>Where the data is mapped.</summary>
    public nint DataAddress { get; }

    /// <summary>The size of the data in bytes, counted once.</summary>
    public int DataSize { get; }

    /// <summary>Whether byte <see cref="DataSize"/> + k of the data is byte k again.</summary>
    public bool IsDoubleMapped { get; }

    /// <summary>The ring as <c>VmBus</c> sees it. Keeps this mapping reachable, and so its addresses valid.</summary>
    public RingMemory Memory => RingMemory.FromAddress(ControlAddress, DataAddress, DataSize, IsDoubleMapped, this);

    /// <inheritdoc/>
    public RingShare? Share
    {
        set
        {
            _share = value;
            Action? unmapped = value is null ? null : value.Return;
            if (OperatingSystem.IsLinux() && _ring is { } ring)
                ring.Unmapped = unmapped;
            else if (OperatingSystem.IsWindows() && _section is { } section)
                section.Unmapped = unmapped;
        }
    }

    /// <summary>How many pages of guest memory the ring takes.</summary>
    public int PageCount => 1 + DataSize / GuestMemory.PageSize;

    /// <summary>
    /// Gives the ring's memory back. Its guest pages stay handed out. The addresses stay valid for as long as this object is
    /// reachable, so that a call that races with the end of a channel is harmless: on Linux they lead to private pages, on
    /// Windows still to the guest's.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (OperatingSystem.IsLinux() && _ring is { } ring)
        {
            bool isPrivate = ring.Retire();
            _share?.Retire(isOnePiece: isPrivate);
        }
        else if (_section is not null)
            _share?.Retire(isOnePiece: false);
        else
            _share?.Return();       // no mapping of its own
        _memory.RingUnmapped();
    }
}

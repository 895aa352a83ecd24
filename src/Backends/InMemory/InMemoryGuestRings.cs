// The rings of one channel, in the memory of a guest of the in-memory hypervisor.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.InMemory;

internal sealed class InMemoryGuestRings : IGuestRings
{
    private readonly GuestMemory _memory;
    private readonly List<(ulong Gpa, int Pages)> _pages = [];
    private readonly IMappedRing? _outgoing;
    private readonly IMappedRing? _incoming;
    private bool _disposed;

    public InMemoryGuestRings(GuestMemory memory, int outgoingSize, int incomingSize, bool scattered)
    {
        _memory = memory;
        CheckSize(outgoingSize, nameof(outgoingSize));
        CheckSize(incomingSize, nameof(incomingSize));
        DownstreamPageOffset = 1 + outgoingSize / GuestMemory.PageSize;
        int count = DownstreamPageOffset + 1 + incomingSize / GuestMemory.PageSize;
        try
        {
            // A kernel with larger pages puts no single pages of VMBus in order.
            ulong[] frames = scattered && Environment.SystemPageSize == GuestMemory.PageSize ? Scattered(count) : Contiguous(count);
            PageFrames = frames;
            (_outgoing, _incoming) = Map(frames);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Rings in pages that are taken already.</summary>
    public InMemoryGuestRings(GuestMemory memory, ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset)
    {
        _memory = memory;
        DownstreamPageOffset = downstreamPageOffset;
        PageFrames = pageFrames.ToArray();
        try
        {
            (_outgoing, _incoming) = Map(pageFrames);
        }
        catch
        {
            Leave();
            throw;
        }

        foreach (ulong frame in pageFrames)
            _pages.Add((frame * GuestMemory.PageSize, 1));
    }

    public ReadOnlyMemory<ulong> PageFrames { get; }

    public int DownstreamPageOffset { get; }

    public RingMemory Outgoing => _outgoing!.Memory;

    public RingMemory Incoming => _incoming!.Memory;

    public void Leave()
    {
        _pages.Clear();
        Dispose();
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _outgoing?.Dispose();
        _incoming?.Dispose();
        foreach ((ulong gpa, int pages) in _pages)
            _memory.FreePages(gpa, pages);
    }

    private static void CheckSize(int size, string name)
    {
        if (size <= 0 || size % GuestMemory.PageSize != 0)
            throw new ArgumentException($"A ring's data of {size} bytes is not whole pages of {GuestMemory.PageSize} bytes.", name);
    }

    private ulong[] Contiguous(int count)
    {
        ulong gpa = _memory.AllocatePages(count);
        _pages.Add((gpa, count));
        return GpadlRange.OfPages(gpa, count).PageFrames.ToArray();
    }

    // Each page on its own and the last one first: no two neighbours in the ring are neighbours in memory.
    private ulong[] Scattered(int count)
    {
        var frames = new ulong[count];
        for (int page = count - 1; page >= 0; page--)
        {
            ulong gpa = _memory.AllocatePages(1);
            _pages.Add((gpa, 1));
            frames[page] = gpa / GuestMemory.PageSize;
        }
        return frames;
    }

    private (IMappedRing Outgoing, IMappedRing Incoming) Map(ReadOnlySpan<ulong> frames)
    {
        IMappedRing outgoing = MapOne(frames[..DownstreamPageOffset]);
        try
        {
            return (outgoing, MapOne(frames[DownstreamPageOffset..]));
        }
        catch
        {
            outgoing.Dispose();
            throw;
        }
    }

    private IMappedRing MapOne(ReadOnlySpan<ulong> frames) =>
        _memory.TryMapRing(frames) ?? throw new InsufficientMemoryException($"A ring of {frames.Length} scattered pages could not be mapped.");
}

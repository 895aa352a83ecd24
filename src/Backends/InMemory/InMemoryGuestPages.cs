// Pages of a guest of the in-memory hypervisor.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.InMemory;

internal sealed class InMemoryGuestPages : IGuestPages
{
    private readonly Undo _free;
    private bool _left;

    public InMemoryGuestPages(GuestMemory memory, int count) : this(memory, memory.AllocatePages(count), count)
    {
    }

    /// <summary>Pages that are taken already.</summary>
    public InMemoryGuestPages(GuestMemory memory, ulong gpa, int count)
    {
        _free = new Undo(() => memory.FreePages(gpa, count));
        PageFrames = GpadlRange.OfPages(gpa, count).PageFrames;
        Address = memory.Translate(gpa, checked(count * GuestMemory.PageSize));
    }

    public ReadOnlyMemory<ulong> PageFrames { get; }

    public nint Address { get; }

    public void Leave() => _left = true;

    public void Dispose()
    {
        if (!_left)
            _free.Dispose();
    }
}

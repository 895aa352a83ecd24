// Pages of a guest of the in-memory hypervisor.

using VmBus.Partitions;
using VmBus.Protocol.Gpadls;

namespace VmBus.Backends.InMemory;

internal sealed class InMemoryGuestPages : IGuestPages
{
    private readonly Undo _free;

    public InMemoryGuestPages(GuestMemory memory, int count)
    {
        ulong gpa = memory.AllocatePages(count);
        _free = new Undo(() => memory.FreePages(gpa, count));
        PageFrames = GpadlRange.OfPages(gpa, count).PageFrames;
        Address = memory.Translate(gpa, checked(count * GuestMemory.PageSize));
    }

    public ReadOnlyMemory<ulong> PageFrames { get; }

    public nint Address { get; }

    public void Dispose() => _free.Dispose();
}

using System.Runtime.InteropServices;

namespace VmBus.Benchmarks;

/// <summary>One zeroed page of managed memory that never moves, aligned as shared pages are.</summary>
internal sealed class PinnedPage
{
    private readonly byte[] _block = GC.AllocateArray<byte>(2 * RingMemory.PageSize, pinned: true);

    public nint Address
        => (Marshal.UnsafeAddrOfPinnedArrayElement(_block, 0) + RingMemory.PageSize - 1) & ~(nint)(RingMemory.PageSize - 1);
}

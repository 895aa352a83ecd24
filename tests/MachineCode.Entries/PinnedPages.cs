using System.Runtime.InteropServices;

namespace VmBus.MachineCode;

/// <summary>Zeroed pages of managed memory that never move.</summary>
internal sealed class PinnedPages(int count)
{
    private readonly byte[] _block = GC.AllocateArray<byte>((count + 1) * RingMemory.PageSize, pinned: true);

    /// <summary>The address of a page.</summary>
    public nint this[int page]
        => ((Marshal.UnsafeAddrOfPinnedArrayElement(_block, 0) + RingMemory.PageSize - 1) & ~(nint)(RingMemory.PageSize - 1)) + page * RingMemory.PageSize;
}

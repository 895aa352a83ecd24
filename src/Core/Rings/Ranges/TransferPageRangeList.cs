// The ranges of a transfer-page packet. Mirrors struct vmtransfer_page_range (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>The ranges of a transfer-page set that a packet lists, read in place.</summary>
/// <remarks>Enumerate with <c>foreach</c>; nothing is allocated. Valid as long as the packet.</remarks>
public ref struct TransferPageRangeList
{
    private readonly ReadOnlySpan<TransferPageRange> _ranges;
    private int _at = -1;

    internal TransferPageRangeList(ReadOnlySpan<byte> ranges, int count)
    {
        // A trusted writer's packet lies in shared memory: the count was checked, but may have changed since.
        ReadOnlySpan<TransferPageRange> room = MemoryMarshal.Cast<byte, TransferPageRange>(ranges);
        _ranges = room[..(int)Math.Min((uint)count, (uint)room.Length)];
    }

    /// <summary>The current range.</summary>
    public readonly TransferPageRange Current => _ranges[_at];

    /// <summary>How many ranges there are.</summary>
    public readonly int Count => _ranges.Length;

    /// <summary>An enumerator over the ranges.</summary>
    public readonly TransferPageRangeList GetEnumerator() => this;

    /// <summary>Advances to the next range.</summary>
    /// <returns><see langword="false"/> after the last one.</returns>
    public bool MoveNext() => ++_at < _ranges.Length;
}

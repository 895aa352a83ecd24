// The ranges of a GPA-direct packet. Mirrors struct gpa_range (Linux include/linux/hyperv.h).

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VmBus;

/// <summary>The ranges of guest pages that a packet lists, read in place.</summary>
/// <remarks>Enumerate with <c>foreach</c>; nothing is allocated. Valid as long as the packet.</remarks>
public ref struct GpaRangeList
{
    private ReadOnlySpan<byte> _rest;
    private int _left;

    internal GpaRangeList(ReadOnlySpan<byte> ranges, int count)
    {
        _rest = ranges;
        _left = count;
        Current = default;
    }

    /// <summary>The current range.</summary>
    public Range Current { get; private set; }

    /// <summary>An enumerator over the ranges.</summary>
    public readonly GpaRangeList GetEnumerator() => this;

    /// <summary>Advances to the next range.</summary>
    /// <returns><see langword="false"/> after the last one.</returns>
    public bool MoveNext()
    {
        // A trusted writer's packet lies in shared memory: what was checked may have changed since, and is bounded again.
        if (_left == 0 || _rest.Length < 8)
            return false;
        _left--;
        uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        uint byteOffset = BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]);
        int pages = (int)Math.Min(PagesOf(byteCount, byteOffset), (ulong)(_rest.Length - 8) / 8);
        Current = new Range(byteCount, byteOffset, MemoryMarshal.Cast<byte, ulong>(_rest.Slice(8, pages * 8)));
        _rest = _rest[(8 + pages * 8)..];
        return true;
    }

    internal static ulong PagesOf(uint byteCount, uint byteOffset)
        => ((ulong)byteOffset + byteCount + RingMemory.PageSize - 1) / RingMemory.PageSize;

    /// <summary>One range of guest pages.</summary>
    public readonly ref struct Range
    {
        internal Range(uint byteCount, uint byteOffset, ReadOnlySpan<ulong> pageNumbers)
        {
            ByteCount = byteCount;
            ByteOffset = byteOffset;
            PageNumbers = pageNumbers;
        }

        /// <summary>Bytes in the range.</summary>
        public uint ByteCount { get; }

        /// <summary>Where it starts in its first page: 0 to 4095.</summary>
        public uint ByteOffset { get; }

        /// <summary>Guest page frame numbers, one for each page that the range spans.</summary>
        public ReadOnlySpan<ulong> PageNumbers { get; }
    }
}

// The extended header of a GPA-direct packet: ranges of guest pages by number. Mirrors struct vmdata_gpa_direct and
// gpa_range (Linux include/linux/hyperv.h), packed as vmbus_packet_mpb_array.

using System.Buffers.Binary;

namespace VmBus;

/// <summary>Writes ranges of guest pages into the caller's buffer. Allocates nothing.</summary>
public ref struct GpaDirectHeaderWriter
{
    private const int PageSize = RingMemory.PageSize;

    private readonly Span<byte> _buffer;
    private int _length;
    private int _ranges;

    /// <summary>Starts a header without ranges.</summary>
    /// <param name="buffer">Room for 8 bytes, and <see cref="SizeOf"/> the pages of each range.</param>
    /// <exception cref="ArgumentException">The buffer has fewer than 8 bytes.</exception>
    public GpaDirectHeaderWriter(Span<byte> buffer)
    {
        if (buffer.Length < 8)
            throw new ArgumentException($"A GPA-direct header needs at least 8 bytes; the buffer has {buffer.Length}.", nameof(buffer));
        _buffer = buffer;
        _length = 8;
        buffer[..8].Clear();
    }

    /// <summary>The part of the header written so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>How many ranges it has.</summary>
    public readonly int RangeCount => _ranges;

    /// <summary>Bytes that a range of this many pages occupies in the header.</summary>
    /// <param name="pages">Pages that the range spans.</param>
    public static int SizeOf(int pages) => checked(8 + pages * 8);

    /// <summary>Adds a range.</summary>
    /// <param name="byteCount">Bytes in the range.</param>
    /// <param name="byteOffset">Where it starts in its first page: 0 to 4095.</param>
    /// <param name="pageNumbers">Guest page frame numbers, one for each page that the range spans.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset lies outside the first page.</exception>
    /// <exception cref="ArgumentException">The page count does not match the range, or the buffer is full.</exception>
    public void AddRange(uint byteCount, uint byteOffset, ReadOnlySpan<ulong> pageNumbers)
    {
        if (byteOffset >= PageSize)
            throw new ArgumentOutOfRangeException(nameof(byteOffset), byteOffset, $"A range starts in its first page: 0 to {PageSize - 1}.");
        ulong touched = ((ulong)byteOffset + byteCount + PageSize - 1) / PageSize;
        if (touched != (ulong)pageNumbers.Length)
            throw new ArgumentException($"A range of {byteCount} bytes from offset {byteOffset} spans {touched} pages, not {pageNumbers.Length}.", nameof(pageNumbers));
        int size = SizeOf(pageNumbers.Length);
        if (_buffer.Length - _length < size)
            throw new ArgumentException($"The range needs {size} bytes of header; {_buffer.Length - _length} are left.", nameof(pageNumbers));

        Span<byte> range = _buffer.Slice(_length, size);
        BinaryPrimitives.WriteUInt32LittleEndian(range, byteCount);
        BinaryPrimitives.WriteUInt32LittleEndian(range[4..], byteOffset);
        for (int i = 0; i < pageNumbers.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(range[(8 + i * 8)..], pageNumbers[i]);
        _length += size;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[4..], (uint)++_ranges);
    }
}

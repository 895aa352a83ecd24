// The extended header of a transfer-page packet: ranges within a GPADL shared before. Mirrors struct
// vmtransfer_page_packet_header and vmtransfer_page_range (Linux include/linux/hyperv.h).

using System.Buffers.Binary;

namespace VmBus;

/// <summary>Writes ranges of a transfer-page set into the caller's buffer. Allocates nothing.</summary>
public ref struct TransferPageHeaderWriter
{
    /// <summary>Bytes that a range occupies in the header.</summary>
    public const int RangeSize = 8;

    private readonly Span<byte> _buffer;
    private int _length;
    private int _ranges;

    /// <summary>Starts a header without ranges.</summary>
    /// <param name="buffer">Room for 8 bytes, and <see cref="RangeSize"/> for each range.</param>
    /// <param name="setId">The transfer-page set the ranges lie in.</param>
    /// <param name="senderOwnsSet">Whether the sender owns the set.</param>
    /// <exception cref="ArgumentException">The buffer has fewer than 8 bytes.</exception>
    public TransferPageHeaderWriter(Span<byte> buffer, ushort setId, bool senderOwnsSet = false)
    {
        if (buffer.Length < 8)
            throw new ArgumentException($"A transfer-page header needs at least 8 bytes; the buffer has {buffer.Length}.", nameof(buffer));
        _buffer = buffer;
        _length = 8;
        buffer[..8].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(buffer, setId);
        buffer[2] = senderOwnsSet ? (byte)1 : (byte)0;
    }

    /// <summary>The part of the header written so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>How many ranges it has.</summary>
    public readonly int RangeCount => _ranges;

    /// <summary>Adds a range.</summary>
    /// <param name="byteCount">Bytes in the range.</param>
    /// <param name="byteOffset">Where it starts in the set.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void AddRange(uint byteCount, uint byteOffset)
    {
        if (_buffer.Length - _length < RangeSize)
            throw new InvalidOperationException($"A range needs {RangeSize} bytes of header; {_buffer.Length - _length} are left.");
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[_length..], byteCount);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[(_length + 4)..], byteOffset);
        _length += RangeSize;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[4..], (uint)++_ranges);
    }
}

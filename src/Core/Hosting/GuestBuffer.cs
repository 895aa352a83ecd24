// The guest memory that a GPA-direct packet names, kept beyond the packet. What an MDL is to a Windows device, and
// MultiPagedRangeBuf to OpenVMM (guestmem_core).

namespace VmBus.Hosting;

/// <summary>
/// The guest memory of one request, as one contiguous byte range. It keeps a copy of a packet's ranges, so the batch can
/// be committed while the request is in flight. Reuse it for the next request: once it has grown, it allocates nothing.
/// </summary>
/// <remarks>
/// Copy calls can run concurrently; <see cref="Assign"/> must run alone. The guest can change its memory at any time.
/// </remarks>
/// <param name="memory">The guest's memory: <see cref="DeviceContext.Memory"/>.</param>
public sealed class GuestBuffer(IGuestMemory memory)
{
    private const ulong PageSize = Layout.GpaRange.PageSize;
    private const ulong MostFrames = ulong.MaxValue / PageSize;

    // Runs of pages that follow each other are one piece.
    private Piece[] _pieces = new Piece[4];
    private int _count;

    /// <summary>The total bytes of all ranges. 0 before the first <see cref="Assign"/>.</summary>
    public long Length { get; private set; }

    /// <summary>Replaces the contents by the memory that a packet refers to.</summary>
    /// <param name="ranges">The packet's ranges: <see cref="RingPacket.GpaRanges"/>.</param>
    /// <returns>
    /// <see langword="false"/>, and an empty buffer, if a range lists too few pages for its bytes, or a page that no address
    /// can reach. Copy calls check whether the pages are in the guest's memory.
    /// </returns>
    public bool Assign(GpaRangeList ranges)
    {
        _count = 0;
        Length = 0;
        foreach (GpaRangeList.Range range in ranges)
        {
            ulong inPage = range.ByteOffset;
            ulong left = range.ByteCount;
            foreach (ulong frame in range.PageNumbers)
            {
                if (frame > MostFrames || inPage >= PageSize)
                    return Empty();
                ulong length = Math.Min(left, PageSize - inPage);
                Add(frame * PageSize + inPage, (long)length);
                (inPage, left) = (0, left - length);
            }
            if (left != 0)
                return Empty();
        }

        return true;
    }

    /// <summary>Copies from the guest's memory.</summary>
    /// <param name="offset">Where to begin, in bytes from the start of the first range.</param>
    /// <param name="destination">Filled.</param>
    /// <returns>
    /// <see langword="false"/> if part of it is outside the buffer or the guest's memory; some bytes can be copied.
    /// </returns>
    public bool TryRead(long offset, Span<byte> destination)
    {
        if (!Contains(offset, destination.Length))
            return false;
        for (int at = IndexOf(offset); !destination.IsEmpty; at++)
        {
            Piece piece = _pieces[at];
            int length = (int)Math.Min(piece.End - offset, destination.Length);
            if (!memory.TryRead(piece.Gpa + (ulong)(offset - piece.Start), destination[..length]))
                return false;
            destination = destination[length..];
            offset += length;
        }

        return true;
    }

    /// <summary>Copies into the guest's memory.</summary>
    /// <param name="offset">Where to begin, in bytes from the start of the first range.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>
    /// <see langword="false"/> if part of it is outside the buffer or the guest's memory; some bytes can be copied.
    /// </returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source)
    {
        if (!Contains(offset, source.Length))
            return false;
        for (int at = IndexOf(offset); !source.IsEmpty; at++)
        {
            Piece piece = _pieces[at];
            int length = (int)Math.Min(piece.End - offset, source.Length);
            if (!memory.TryWrite(piece.Gpa + (ulong)(offset - piece.Start), source[..length]))
                return false;
            source = source[length..];
            offset += length;
        }

        return true;
    }

    private bool Contains(long offset, int length) => offset >= 0 && offset <= Length - length;

    // The piece that holds a byte of the buffer: the last that does not begin behind it.
    private int IndexOf(long offset)
    {
        int low = 0;
        int high = _count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_pieces[middle].Start <= offset)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private void Add(ulong gpa, long length)
    {
        if (length == 0)
            return;
        if (_count > 0 && _pieces[_count - 1] is var last && last.Gpa + (ulong)(last.End - last.Start) == gpa)
        {
            _pieces[_count - 1] = last with { End = last.End + length };
        }
        else
        {
            if (_count == _pieces.Length)
                Array.Resize(ref _pieces, _count * 2);
            _pieces[_count++] = new Piece(gpa, Length, Length + length);
        }
        Length += length;
    }

    private bool Empty()
    {
        _count = 0;
        Length = 0;
        return false;
    }

    /// <summary>A run of guest memory, and which bytes of the buffer lie there.</summary>
    private readonly record struct Piece(ulong Gpa, long Start, long End);
}

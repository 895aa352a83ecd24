// The bytes of a GPADL, piece by piece: a piece lies in one page.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>Copies to and from memory that a guest shows in pages.</summary>
internal static class GpadlCopy
{
    /// <summary>Copies out of the memory.</summary>
    /// <returns><see langword="false"/> when not all of it is there.</returns>
    public static bool TryRead(IGuestMemory memory, IReadOnlyList<GpadlRange> ranges, long offset, Span<byte> destination)
    {
        var pieces = new Pieces(ranges, offset, destination.Length);
        if (!pieces.Fit)
            return false;
        while (pieces.MoveNext())
        {
            if (!memory.TryRead(pieces.Gpa, destination.Slice(pieces.Done, pieces.Length)))
                return false;
        }

        return true;
    }

    /// <summary>Copies into the memory.</summary>
    /// <returns><see langword="false"/> when not all of it is there.</returns>
    public static bool TryWrite(IGuestMemory memory, IReadOnlyList<GpadlRange> ranges, long offset, ReadOnlySpan<byte> source)
    {
        var pieces = new Pieces(ranges, offset, source.Length);
        if (!pieces.Fit)
            return false;
        while (pieces.MoveNext())
        {
            if (!memory.TryWrite(pieces.Gpa, source.Slice(pieces.Done, pieces.Length)))
                return false;
        }

        return true;
    }

    private struct Pieces(IReadOnlyList<GpadlRange> ranges, long offset, int total)
    {
        private int _range;
        private long _offset = offset;      // from where the range begins

        public readonly bool Fit => _offset >= 0 && _offset <= ranges.Sum(static range => (long)range.ByteCount) - total;

        public ulong Gpa { get; private set; }

        public int Done { get; private set; }

        public int Length { get; private set; }

        public bool MoveNext()
        {
            Done += Length;
            _offset += Length;
            if (Done == total)
                return false;
            while (_offset >= ranges[_range].ByteCount)
                _offset -= ranges[_range++].ByteCount;
            GpadlRange range = ranges[_range];
            long at = range.ByteOffset + _offset;
            long inPage = GpadlRange.PageSize - at % GpadlRange.PageSize;
            Length = (int)Math.Min(total - Done, Math.Min(range.ByteCount - _offset, inPage));
            Gpa = range.PageFrames.Span[(int)(at / GpadlRange.PageSize)] * GpadlRange.PageSize + (ulong)(at % GpadlRange.PageSize);
            return true;
        }
    }
}

// Which bytes of a file have come, since pieces may come in any order.

namespace VmBus.Integration;

/// <summary>The parts of a file that were written, as ranges that neither touch nor overlap, in order.</summary>
internal sealed class FileCopyCoverage
{
    /// <summary>The most ranges kept: a host that leaves more holes is refused, so that it cannot make this grow.</summary>
    public const int MaxRanges = 1024;

    private readonly List<(ulong Start, ulong End)> _ranges = [];

    /// <summary>Adds a part.</summary>
    /// <param name="start">Its first byte.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns><see langword="false"/> when it would leave too many holes; nothing is added then.</returns>
    public bool TryAdd(ulong start, uint length)
    {
        if (length == 0)
            return true;
        ulong end = start + length;

        // The ranges from first up to next touch the new one. Pieces mostly come in order, so the search begins at the end.
        int next = _ranges.Count;
        while (next > 0 && _ranges[next - 1].Start > end)
            next--;
        int first = next;
        while (first > 0 && _ranges[first - 1].End >= start)
            first--;
        if (first == next)
        {
            if (_ranges.Count == MaxRanges)
                return false;
            _ranges.Insert(first, (start, end));
            return true;
        }

        _ranges[first] = (Math.Min(start, _ranges[first].Start), Math.Max(end, _ranges[next - 1].End));
        _ranges.RemoveRange(first + 1, next - first - 1);
        return true;
    }

    /// <summary>Whether every byte of a file of this size has come.</summary>
    public bool IsWhole(ulong size) => size == 0 || (_ranges is [(0, var end)] && end == size);
}

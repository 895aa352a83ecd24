// The memory of a guest, as its host reaches it. Addresses are guest physical ones, frames their 4096-byte pages.

namespace VmBus.Hosting;

/// <summary>
/// A guest's memory. If an address does not exist, a call returns false and does not throw. Thread-safe.
/// </summary>
public interface IGuestMemory
{
    /// <summary>Returns whether a range is in the memory.</summary>
    /// <param name="gpa">Its guest physical address.</param>
    /// <param name="length">Its length in bytes.</param>
    bool Contains(ulong gpa, int length);

    /// <summary>Copies from the memory.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="destination">Filled.</param>
    /// <returns><see langword="false"/>, with nothing copied, if part of the range is outside the memory.</returns>
    bool TryRead(ulong gpa, Span<byte> destination);

    /// <summary>Copies into the memory.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="source">The bytes.</param>
    /// <returns><see langword="false"/>, with nothing copied, if part of the range is outside the memory.</returns>
    bool TryWrite(ulong gpa, ReadOnlySpan<byte> source);

    /// <summary>Maps one page.</summary>
    /// <param name="gpa">Its guest physical address, a multiple of 4096.</param>
    /// <returns>The page; <see langword="null"/> when there is none at that address.</returns>
    internal IMappedPage? TryMapPage(ulong gpa);

    /// <summary>Maps a ring out of pages that need not lie one behind the other.</summary>
    /// <param name="pageFrames">The frame of the control page, then at least one of data.</param>
    /// <returns>
    /// The ring; <see langword="null"/> when a frame is not in the memory, or this memory cannot map scattered pages.
    /// </returns>
    internal IMappedRing? TryMapRing(ReadOnlySpan<ulong> pageFrames);
}

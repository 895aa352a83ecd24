// One range of a GPADL: a piece of guest memory, page by page. Mirrors gpa_range (Linux include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>One range of a GPADL: bytes that lie one behind the other in pages that need not.</summary>
/// <param name="ByteOffset">Where it begins in the first page, 0 to 4095.</param>
/// <param name="ByteCount">How many bytes it has.</param>
/// <param name="PageFrames">The numbers of its 4096-byte pages: as many as offset and count reach over.</param>
internal sealed record GpadlRange(uint ByteOffset, uint ByteCount, ReadOnlyMemory<ulong> PageFrames)
{
    /// <summary>The size of a page in bytes, whatever the guest's own page size is.</summary>
    public const int PageSize = 4096;

    /// <summary>How many pages a range of that offset and count reaches over.</summary>
    /// <param name="byteOffset">Where it begins in the first page.</param>
    /// <param name="byteCount">How many bytes it has.</param>
    public static long PageCount(uint byteOffset, uint byteCount) => (byteOffset + (long)byteCount + PageSize - 1) / PageSize;

    /// <summary>A range of whole pages.</summary>
    /// <param name="pageFrames">Their numbers.</param>
    public static GpadlRange OfPages(ReadOnlyMemory<ulong> pageFrames) => new(0, checked((uint)pageFrames.Length * PageSize), pageFrames);

    /// <summary>A range of pages that lie one behind the other.</summary>
    /// <param name="guestAddress">The guest physical address of the first; a multiple of 4096.</param>
    /// <param name="pageCount">How many.</param>
    public static GpadlRange OfPages(ulong guestAddress, int pageCount)
    {
        var frames = new ulong[pageCount];
        for (int page = 0; page < pageCount; page++)
            frames[page] = guestAddress / PageSize + (uint)page;
        return OfPages(frames);
    }
}

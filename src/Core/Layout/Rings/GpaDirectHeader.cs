// What follows the descriptor of a packet whose payload is in guest pages.
// Mirrors the middle of vmbus_packet_mpb_array (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The extended header of a <see cref="PacketType.DataUsingGpaDirect"/> packet: 8 bytes after the
/// <see cref="PacketDescriptor"/> (<c>reserved</c> and <c>rangecount</c> of <c>vmbus_packet_mpb_array</c>).
/// <see cref="RangeCount"/> ranges follow, each a <see cref="GpaRange"/> and its page frame numbers.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct GpaDirectHeader
{
    /// <summary>The size of the header in bytes, without the ranges.</summary>
    public const int Size = 8;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary><c>rangecount</c>: how many ranges follow; not 0.</summary>
    public uint RangeCount;
}

// A run of bytes in guest pages. Mirrors gpa_range and hv_mpb_array (Linux include/linux/hyperv.h).
/// <summary>
/// The head of a range of guest memory: <c>gpa_range</c>, 8 bytes, followed by one 8-byte page frame number for each
/// 4096-byte page that the range spans (<see cref="PageCount"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct GpaRange
{
    /// <summary>The size of the head in bytes, without the page frame numbers.</summary>
    public const int Size = 8;

    /// <summary>The page size of the frame numbers, in bytes; independent of the guest's own page size.</summary>
    public const int PageSize = 4096;

    /// <summary><c>byte_count</c>: the length of the range in bytes.</summary>
    public uint ByteCount;

    /// <summary><c>byte_offset</c>: where the range starts in its first page, in bytes.</summary>
    public uint ByteOffset;

    /// <summary>
    /// How many page frame numbers follow: the pages spanned by <see cref="ByteCount"/> bytes from <see cref="ByteOffset"/>.
    /// </summary>
    public readonly long PageCount => ((long)ByteOffset + ByteCount + PageSize - 1) / PageSize;
}

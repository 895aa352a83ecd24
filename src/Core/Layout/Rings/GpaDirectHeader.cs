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
    /// <summary>The size of the header in bytes, ranges not counted.</summary>
    public const int Size = 8;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary><c>rangecount</c>: how many ranges follow; not 0.</summary>
    public uint RangeCount;
}

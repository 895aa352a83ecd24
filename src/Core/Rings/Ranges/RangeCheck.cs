// Validates the range lists of transfer-page and GPA-direct packets.

using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus;

/// <summary>Walks the ranges of a packet once, before any other code does.</summary>
internal static class RangeCheck
{
    /// <summary>Says what is wrong with a packet's ranges, if anything.</summary>
    public static RingFault Check(scoped in RingPacket packet, out ulong value, out ulong limit)
    {
        ReadOnlySpan<byte> header = packet.ExtendedHeader;
        value = 0;
        limit = 0;
        if (header.Length < 8)
        {
            value = PacketDescriptor.Size + (ulong)header.Length;
            limit = PacketDescriptor.Size + 8;
            return RingFault.PacketTooShort;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        ReadOnlySpan<byte> ranges = header[8..];
        value = count;
        limit = (ulong)ranges.Length / 8;
        if (count == 0 || count > limit)
            return RingFault.RangeCountOutOfRange;
        return packet.Type == PacketType.DataUsingGpaDirect ? CheckGpaRanges(ranges, count, out value, out limit) : RingFault.None;
    }

    private static RingFault CheckGpaRanges(ReadOnlySpan<byte> ranges, uint count, out ulong value, out ulong limit)
    {
        value = 0;
        limit = 0;
        for (uint i = 0; i < count; i++)
        {
            limit = (ulong)ranges.Length;
            value = 8;
            if (ranges.Length < 8)
                return RingFault.RangeOutOfBounds;
            uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(ranges);
            uint byteOffset = BinaryPrimitives.ReadUInt32LittleEndian(ranges[4..]);
            if (byteOffset >= RingMemory.PageSize)
            {
                value = byteOffset;
                limit = RingMemory.PageSize - 1;
                return RingFault.RangeOutOfBounds;
            }

            value = 8 + GpaRangeList.PagesOf(byteCount, byteOffset) * 8;
            if (value > limit)
                return RingFault.RangeOutOfBounds;
            ranges = ranges[(int)value..];
        }

        return RingFault.None;
    }
}

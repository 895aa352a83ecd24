using System.Buffers.Binary;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Command blocks, as a guest writes them.</summary>
internal static class Cdb
{
    public static byte[] Inquiry(byte? page = null, ushort length = 255) => [0x12, (byte)(page is null ? 0 : 1), page ?? 0, (byte)(length >> 8), (byte)length, 0];

    public static byte[] TestUnitReady() => new byte[6];

    public static byte[] ModeSense6(byte page, byte length = 255) => [0x1A, 0, page, 0, length, 0];

    public static byte[] ModeSense10(byte page, ushort length = 255) => [0x5A, 0, page, 0, 0, 0, 0, (byte)(length >> 8), (byte)length, 0];

    public static byte[] ReadCapacity10() => [0x25, .. new byte[9]];

    public static byte[] ReadCapacity16(byte length = 32) => [0x9E, 0x10, .. new byte[11], length, 0, 0];

    public static byte[] ReportLuns(int length) => [0xA0, 0, 0, 0, 0, 0, .. Big32((uint)length), 0, 0];

    public static byte[] Transfer6(byte operation, uint lba, byte count) => [operation, (byte)(lba >> 16), (byte)(lba >> 8), (byte)lba, count, 0];

    public static byte[] Transfer10(byte operation, uint lba, ushort count, byte flags = 0) => [operation, flags, .. Big32(lba), 0, (byte)(count >> 8), (byte)count, 0];

    public static byte[] Transfer12(byte operation, uint lba, uint count, byte flags = 0) => [operation, flags, .. Big32(lba), .. Big32(count), 0, 0];

    public static byte[] Transfer16(byte operation, ulong lba, uint count, byte flags = 0) => [operation, flags, .. Big64(lba), .. Big32(count), 0, 0];

    public static byte[] Read16(ulong lba, uint count, byte flags = 0) => Transfer16(0x88, lba, count, flags);

    public static byte[] Write16(ulong lba, uint count, byte flags = 0) => Transfer16(0x8A, lba, count, flags);

    public static byte[] SynchronizeCache10() => [0x35, .. new byte[9]];

    public static byte[] SynchronizeCache16() => [0x91, .. new byte[15]];

    public static byte[] Unmap(int length, byte flags = 0) => [0x42, flags, 0, 0, 0, 0, 0, (byte)(length >> 8), (byte)length, 0];

    public static byte[] WriteSame16(ulong lba, uint count, byte flags) => Transfer16(0x93, lba, count, flags);

    /// <summary>The list of an UNMAP.</summary>
    public static byte[] UnmapList(params (ulong Lba, uint Count)[] ranges)
    {
        var list = new byte[8 + 16 * ranges.Length];
        BinaryPrimitives.WriteUInt16BigEndian(list, (ushort)(list.Length - 2));
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2), (ushort)(16 * ranges.Length));
        for (int range = 0; range < ranges.Length; range++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(list.AsSpan(8 + 16 * range), ranges[range].Lba);
            BinaryPrimitives.WriteUInt32BigEndian(list.AsSpan(16 + 16 * range), ranges[range].Count);
        }
        return list;
    }

    private static byte[] Big32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] Big64(ulong value) => [.. Big32((uint)(value >> 32)), .. Big32((uint)value)];
}

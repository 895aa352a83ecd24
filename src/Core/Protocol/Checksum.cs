// The checksum of what is kept in files: CRC-32C (Castagnoli), as iSCSI and ext4 have it: reflected, all ones before and
// after.

using System.Buffers.Binary;
using System.Numerics;

namespace VmBus.Protocol;

/// <summary>CRC-32C, of bytes in one piece or in two.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes) => Of(bytes, default);

    /// <summary>The checksum of two pieces as if they stood one behind the other.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Add(Add(uint.MaxValue, first), second);

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return crc;
    }
}

// The checksum of a recording: CRC-32C (Castagnoli), as iSCSI and ext4 have it: reflected, all ones before and after.

using System.Numerics;

namespace VmBus.Protocol.Recording;

/// <summary>CRC-32C over the bytes of a head or a record.</summary>
internal static class RecordingChecksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    /// <summary>Compares what was written with what is there.</summary>
    /// <exception cref="RecordingCorruptException">They differ.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, uint written, long offset)
    {
        uint here = Of(bytes);
        if (here != written)
            throw new RecordingCorruptException(RecordingFault.ChecksumDiffers, offset, written, here);
    }
}

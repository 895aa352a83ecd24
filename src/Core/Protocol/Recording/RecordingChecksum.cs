// The checksums of a recording, compared.

namespace VmBus.Protocol;

/// <summary>CRC-32C over the bytes of a head or a record; see <see cref="Checksum"/>.</summary>
internal static class RecordingChecksum
{
    /// <summary>Compares what was written with what is there.</summary>
    /// <exception cref="RecordingCorruptException">They differ.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, uint written, long offset)
    {
        uint here = Checksum.Of(bytes);
        if (here != written)
            throw new RecordingCorruptException(RecordingFault.ChecksumDiffers, offset, written, here);
    }
}

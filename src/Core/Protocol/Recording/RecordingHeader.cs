// The head of a recording, as docs/recording.md tells it.

using System.Buffers.Binary;

namespace VmBus.Protocol;

/// <summary>The first 32 bytes of a recording. Little-endian.</summary>
internal static class RecordingHeader
{
    public const int Size = 32;
    public const uint Version = 1;

    private const int VersionOffset = 8;
    private const int FirstReservedOffset = 12;
    private const int StartOffset = 16;
    private const int SecondReservedOffset = 24;
    private const int ChecksumOffset = 28;

    public static ReadOnlySpan<byte> Magic => "VMBUSREC"u8;

    public static void Write(Span<byte> header, DateTimeOffset start)
    {
        header[..Size].Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[VersionOffset..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[StartOffset..], start.UtcTicks);
        BinaryPrimitives.WriteUInt32LittleEndian(header[ChecksumOffset..], Checksum.Of(header[..ChecksumOffset]));
    }

    /// <summary>Reads a whole head.</summary>
    /// <exception cref="RecordingCorruptException">It is not one.</exception>
    public static DateTimeOffset Read(ReadOnlySpan<byte> header)
    {
        if (!header.StartsWith(Magic))
            throw new RecordingCorruptException(RecordingFault.NotARecording, 0, BinaryPrimitives.ReadUInt64LittleEndian(header), BinaryPrimitives.ReadUInt64LittleEndian(Magic));
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[VersionOffset..]);
        if (version != Version)
            throw new RecordingCorruptException(RecordingFault.UnknownVersion, VersionOffset, version, Version);
        RecordingChecksum.Check(header[..ChecksumOffset], BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumOffset..]), ChecksumOffset);
        foreach (int offset in (ReadOnlySpan<int>)[FirstReservedOffset, SecondReservedOffset])
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[offset..]) is not 0 and var value)
                throw new RecordingCorruptException(RecordingFault.ReservedNotZero, offset, value, 0);
        }

        ulong ticks = BinaryPrimitives.ReadUInt64LittleEndian(header[StartOffset..]);
        if (ticks > (ulong)DateTimeOffset.MaxValue.Ticks)
            throw new RecordingCorruptException(RecordingFault.ImpossibleStart, StartOffset, ticks, (ulong)DateTimeOffset.MaxValue.Ticks);
        return new DateTimeOffset((long)ticks, TimeSpan.Zero);
    }
}

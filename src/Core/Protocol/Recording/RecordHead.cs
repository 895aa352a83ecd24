// The head of a record: what stands before the bytes of each message, as docs/recording.md tells it.

using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>The 32 bytes before each message. Little-endian.</summary>
internal static class RecordHead
{
    public const int Size = 32;

    // In the place of a direction: no message, but the end of a recording that has reached its greatest length.
    private const byte EndMark = 0xFF;

    private const int KeptOffset = 4;
    private const int DirectionOffset = 6;
    private const int FaultOffset = 7;
    private const int TimeOffset = 8;
    private const int VersionOffset = 16;
    private const int FeaturesOffset = 20;
    private const int LengthOffset = 24;
    private const int ReservedOffset = 28;

    /// <summary>Writes a record: its head and what is kept of the message.</summary>
    /// <returns>Its length in bytes.</returns>
    public static int Write(
        Span<byte> record, TimeSpan time, MessageDirection direction, NegotiatedVersion negotiated, MessageFault fault, ReadOnlySpan<byte> message)
    {
        int kept = Math.Min(message.Length, RecordedMessage.MaxLength);
        record = record[..(Size + kept)];
        BinaryPrimitives.WriteUInt16LittleEndian(record[KeptOffset..], (ushort)kept);
        record[DirectionOffset] = (byte)direction;
        record[FaultOffset] = (byte)fault;
        BinaryPrimitives.WriteInt64LittleEndian(record[TimeOffset..], time.Ticks);
        BinaryPrimitives.WriteUInt32LittleEndian(record[VersionOffset..], negotiated.Version.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(record[FeaturesOffset..], (uint)negotiated.Features);
        BinaryPrimitives.WriteInt32LittleEndian(record[LengthOffset..], message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ReservedOffset..], 0);
        message[..kept].CopyTo(record[Size..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record, Checksum.Of(record[KeptOffset..]));
        return record.Length;
    }

    /// <summary>Writes the record behind the last of a recording that may grow no longer.</summary>
    /// <returns>Its length in bytes.</returns>
    public static int WriteEnd(Span<byte> record, TimeSpan time)
    {
        Write(record, time, (MessageDirection)EndMark, default, MessageFault.None, []);
        return Size;
    }

    /// <summary>Whether a whole record is that one.</summary>
    /// <exception cref="RecordingCorruptException">It is, and is damaged.</exception>
    public static bool IsEnd(ReadOnlySpan<byte> record, long offset)
    {
        if (record[DirectionOffset] != EndMark)
            return false;
        RecordingChecksum.Check(record[KeptOffset..], BinaryPrimitives.ReadUInt32LittleEndian(record), offset);
        if (record.Length != Size)
            throw new RecordingCorruptException(RecordingFault.LengthsDisagree, offset + KeptOffset, (ulong)(record.Length - Size), 0);
        foreach (int field in (ReadOnlySpan<int>)[VersionOffset, FeaturesOffset, LengthOffset, ReservedOffset])
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[field..]) is not 0 and var value)
                throw new RecordingCorruptException(RecordingFault.ReservedNotZero, offset + field, value, 0);
        }
        return true;
    }

    /// <summary>The length of a record whose head is whole, in bytes.</summary>
    /// <exception cref="RecordingCorruptException">It keeps more than a record may.</exception>
    public static int RecordLength(ReadOnlySpan<byte> head, long offset)
    {
        int kept = BinaryPrimitives.ReadUInt16LittleEndian(head[KeptOffset..]);
        return kept <= RecordedMessage.MaxLength
            ? Size + kept
            : throw new RecordingCorruptException(RecordingFault.LengthOverLimit, offset + KeptOffset, (ulong)kept, RecordedMessage.MaxLength);
    }

    /// <summary>Reads a whole record.</summary>
    /// <exception cref="RecordingCorruptException">It is damaged.</exception>
    public static RecordedMessage Read(ReadOnlySpan<byte> record, long offset, TimeSpan before)
    {
        RecordingChecksum.Check(record[KeptOffset..], BinaryPrimitives.ReadUInt32LittleEndian(record), offset);
        int kept = record.Length - Size;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(record[LengthOffset..]);
        if (length > int.MaxValue || kept != Math.Min((int)length, RecordedMessage.MaxLength))
            throw Damaged(RecordingFault.LengthsDisagree, LengthOffset, length, (ulong)kept);
        if (record[DirectionOffset] > (byte)MessageDirection.GuestToHost)
            throw Damaged(RecordingFault.UnknownDirection, DirectionOffset, record[DirectionOffset], (ulong)MessageDirection.GuestToHost);
        if (record[FaultOffset] > (byte)MessageFault.LimitExceeded)
            throw Damaged(RecordingFault.UnknownMessageFault, FaultOffset, record[FaultOffset], (ulong)MessageFault.LimitExceeded);
        ulong time = BinaryPrimitives.ReadUInt64LittleEndian(record[TimeOffset..]);
        if (time > long.MaxValue || (long)time < before.Ticks)
            throw Damaged(RecordingFault.ImpossibleTime, TimeOffset, time, (ulong)before.Ticks);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record[ReservedOffset..]) is not 0 and var reserved)
            throw Damaged(RecordingFault.ReservedNotZero, ReservedOffset, reserved, 0);
        return new RecordedMessage(
            TimeSpan.FromTicks((long)time),
            (MessageDirection)record[DirectionOffset],
            new NegotiatedVersion(
                new ProtocolVersion(BinaryPrimitives.ReadUInt32LittleEndian(record[VersionOffset..])),
                (FeatureFlags)BinaryPrimitives.ReadUInt32LittleEndian(record[FeaturesOffset..])),
            (MessageFault)record[FaultOffset],
            record[Size..].ToArray(),
            (int)length);

        RecordingCorruptException Damaged(RecordingFault fault, int field, ulong value, ulong limit) => new(fault, offset + field, value, limit);
    }
}

// What the measured messages carry in their first 16 bytes; the rest is filler.

using System.Buffers.Binary;
using System.Diagnostics;

namespace VmBus.Tool;

/// <summary>A message's header: when it was sent, what it is for, and its number.</summary>
/// <param name="SentAt">Timestamp of the run's clock at the send.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Number">Counted from 0, in the order sent; wraps.</param>
internal readonly record struct Message(long SentAt, MessageKind Kind, uint Number)
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 16;

    /// <summary>Writes the header over the start of a payload.</summary>
    public void WriteTo(Span<byte> payload)
    {
        BinaryPrimitives.WriteInt64LittleEndian(payload, SentAt);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[8..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[12..], Number);
    }

    /// <summary>Reads the header of a payload.</summary>
    public static Message ReadFrom(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadInt64LittleEndian(payload),
        (MessageKind)BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(payload[12..]));

    /// <summary>Nanoseconds between two timestamps of the system's clock.</summary>
    public static long Nanoseconds(long from, long to)
        => Stopwatch.Frequency == 1_000_000_000 ? to - from : (long)((to - from) * (1e9 / Stopwatch.Frequency));
}

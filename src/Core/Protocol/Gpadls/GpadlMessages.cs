// The messages that show the host a piece of guest memory. Mirrors create_gpadl_header (Linux drivers/hv/channel.c).

using System.Buffers.Binary;

namespace VmBus.Protocol;

/// <summary>Writes the messages of a GPADL: one header, and as many bodies as its pages need. Thread-safe.</summary>
internal static class GpadlMessages
{
    /// <summary>
    /// The most 8-byte words the ranges of a GPADL have: one for each range and one for each page. The header counts their
    /// bytes in 16 bits.
    /// </summary>
    public const int MaxWords = ushort.MaxValue / sizeof(ulong);

    /// <summary>The most words the header has room for; the rest goes into bodies, 28 each.</summary>
    public const int MaxHeaderWords = (ChannelMessages.MaxLength - GpadlHeader.Size) / sizeof(ulong);

    /// <summary>The messages of a GPADL, in the order in which they are to be posted.</summary>
    /// <param name="relid">The channel it is made for.</param>
    /// <param name="gpadl">Its number.</param>
    /// <param name="ranges">Its memory: at least one range, none empty, at most <see cref="MaxWords"/> words in all.</param>
    /// <exception cref="ArgumentException">A range is not one, or there are too few or too many.</exception>
    public static IReadOnlyList<byte[]> Encode(uint relid, uint gpadl, IReadOnlyList<GpadlRange> ranges)
    {
        ReadOnlySpan<byte> words = Words(ranges);
        int inHeader = Math.Min(words.Length, MaxHeaderWords * sizeof(ulong));
        var header = new GpadlHeader
        {
            ChildRelid = relid,
            Gpadl = gpadl,
            RangeBufferLength = (ushort)words.Length,
            RangeCount = (ushort)ranges.Count,
        };

        List<byte[]> messages = [[.. ChannelMessages.ToBytes(GpadlHeader.MessageType, header), .. words[..inHeader]]];
        byte[] body = ChannelMessages.ToBytes(GpadlBody.MessageType, new GpadlBody { Gpadl = gpadl });
        for (words = words[inHeader..]; words.Length > 0;)
        {
            int length = Math.Min(words.Length, GpadlBody.MaxPageFrames * sizeof(ulong));
            messages.Add([.. body, .. words[..length]]);
            words = words[length..];
        }
        return messages;
    }

    private static byte[] Words(IReadOnlyList<GpadlRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        if (ranges.Count == 0)
            throw new ArgumentException("A GPADL has at least one range.", nameof(ranges));
        long count = ranges.Count;
        for (int index = 0; index < ranges.Count; index++)
        {
            GpadlRange range = ranges[index];
            if (range.ByteCount == 0 || range.ByteOffset >= GpadlRange.PageSize)
                throw new ArgumentException($"Range {index} has {range.ByteCount} bytes from {range.ByteOffset} on.", nameof(ranges));
            if (range.PageFrames.Length != GpadlRange.PageCount(range.ByteOffset, range.ByteCount))
                throw new ArgumentException($"Range {index} has {range.PageFrames.Length} pages for {range.ByteCount} bytes from {range.ByteOffset} on.", nameof(ranges));
            count += range.PageFrames.Length;
        }
        if (count > MaxWords)
            throw new ArgumentException($"{ranges.Count} ranges and their pages are {count} words; a GPADL has at most {MaxWords}.", nameof(ranges));

        var words = new byte[count * sizeof(ulong)];
        Span<byte> rest = words;
        foreach (GpadlRange range in ranges)
        {
            Append(ref rest, range.ByteCount | (ulong)range.ByteOffset << 32);
            foreach (ulong frame in range.PageFrames.Span)
                Append(ref rest, frame);
        }
        return words;
    }

    private static void Append(ref Span<byte> rest, ulong word)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(rest, word);
        rest = rest[sizeof(ulong)..];
    }
}

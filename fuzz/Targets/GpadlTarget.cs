using System.Runtime.InteropServices;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>
/// A GPADL as a hostile guest shows it: a header's counts, and then the bytes behind the header and behind each body. Input:
/// length of all ranges in bytes (2 bytes), range count (2 bytes), then messages: a length in bytes, and so many bytes.
/// </summary>
public static class GpadlTarget
{
    private const int Longest = ChannelMessages.MaxLength - GpadlBody.Size;

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        var header = new GpadlHeader { RangeBufferLength = Half(ref input), RangeCount = Half(ref input) };
        if (GpadlAssembly.Check(header, out int pageCount) != MessageFault.None)
            return;
        FindingException.Unless(pageCount is > 0 and <= ushort.MaxValue / sizeof(ulong), $"{header.RangeBufferLength} bytes hold {pageCount} pages.");
        var assembly = new GpadlAssembly(header, Next(ref input));
        while (!assembly.IsComplete && !input.IsEmpty)
        {
            MessageFault fault = assembly.Append(Next(ref input));
            FindingException.Unless(fault is MessageFault.None or MessageFault.TooShort, $"A body that was missing has {fault}.");
        }

        if (!assembly.IsComplete)
            return;
        FindingException.Unless(assembly.Append([1, 2, 3, 4, 5, 6, 7, 8]) == MessageFault.WrongState, "More was taken than was announced.");
        if (assembly.Decode(out IReadOnlyList<GpadlRange> ranges) == MessageFault.None)
            Check(header, pageCount, ranges);
    }

    // What was decoded has the announced pages, all of them and no others.
    private static void Check(in GpadlHeader header, int pageCount, IReadOnlyList<GpadlRange> ranges)
    {
        FindingException.Unless(ranges.Count == header.RangeCount, $"{header.RangeCount} ranges became {ranges.Count}.");
        FindingException.Unless(ranges.Sum(range => range.PageFrames.Length) == pageCount, $"The ranges do not have {pageCount} pages.");
        foreach (GpadlRange range in ranges)
            FindingException.Unless(range.ByteOffset < GpadlRange.PageSize && range.ByteCount > 0 && range.PageFrames.Length == GpadlRange.PageCount(range.ByteOffset, range.ByteCount), $"{range} is no range.");

        // And our own guest would have sent the same.
        byte[][] again = [.. GpadlMessages.Encode(1, 2, ranges)];
        var assembly = new GpadlAssembly(ChannelMessages.Read<GpadlHeader>(again[0]), again[0].AsSpan(GpadlHeader.Size));
        foreach (byte[] body in again.AsSpan(1))
            assembly.Append(body.AsSpan(GpadlBody.Size));
        FindingException.Unless(assembly.Decode(out IReadOnlyList<GpadlRange> same) == MessageFault.None, "What was decoded cannot be encoded.");
        for (int index = 0; index < ranges.Count; index++)
            FindingException.Unless(MemoryMarshal.AsBytes(ranges[index].PageFrames.Span).SequenceEqual(MemoryMarshal.AsBytes(same[index].PageFrames.Span)), $"Range {index} has changed on the way.");
    }

    private static ushort Half(ref FuzzInput input) => (ushort)(input.Byte() | input.Byte() << 8);

    private static ReadOnlySpan<byte> Next(ref FuzzInput input) => input.Take(Math.Min((int)input.Byte(), Longest));
}

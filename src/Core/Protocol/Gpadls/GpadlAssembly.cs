// A GPADL on its way in: the header's ranges and what its bodies bring. What vmbus_establish_gpadl sends (Linux
// drivers/hv/channel.c), and what OpenVMM's gparange checks (vmbus_ring gparange.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// Puts the ranges of one GPADL together from its header and bodies, and decodes them. Holds at most 64 KiB. Not
/// thread-safe.
/// </summary>
internal sealed partial class GpadlAssembly
{
    private readonly ulong[] _words;
    private readonly int _rangeCount;
    private int _filled;

    /// <summary>Begins with a header.</summary>
    /// <param name="header">The header; <see cref="Check"/> must have found nothing wrong with it.</param>
    /// <param name="rangeBytes">What follows it in its message.</param>
    /// <exception cref="ArgumentException">The header's counts are impossible.</exception>
    public GpadlAssembly(in GpadlHeader header, ReadOnlySpan<byte> rangeBytes)
    {
        if (Check(header, out int pageCount) != MessageFault.None)
            throw new ArgumentException($"A GPADL of {header.RangeCount} ranges cannot have {header.RangeBufferLength} bytes of them.", nameof(header));
        PageCount = pageCount;
        _rangeCount = header.RangeCount;
        _words = new ulong[header.RangeBufferLength / sizeof(ulong)];
        Append(rangeBytes);
    }

    /// <summary>How many pages the ranges have in all, as the header announces them.</summary>
    public int PageCount { get; }

    /// <summary>Whether every announced byte is there, so that <see cref="Decode"/> can be called.</summary>
    public bool IsComplete => _filled == _words.Length;

    /// <summary>Checks a header's counts: what they announce must have room for every range and a page of each.</summary>
    /// <param name="header">The header.</param>
    /// <param name="pageCount">How many pages it announces in all.</param>
    /// <returns><see cref="MessageFault.InvalidField"/> where no ranges can have those counts.</returns>
    public static MessageFault Check(in GpadlHeader header, out int pageCount)
    {
        int words = header.RangeBufferLength / sizeof(ulong);
        pageCount = words - header.RangeCount;
        bool possible = header.RangeBufferLength % sizeof(ulong) == 0 && header.RangeCount > 0 && pageCount >= header.RangeCount;
        return possible ? MessageFault.None : MessageFault.InvalidField;
    }

    /// <summary>
    /// Adds the bytes of a body. Whole 8-byte words are taken; what a message has beyond the announced length is not looked
    /// at, because some guests (UEFI) always send the longest message.
    /// </summary>
    /// <returns>
    /// <see cref="MessageFault.TooShort"/> where nothing was added because there is not one whole word, and
    /// <see cref="MessageFault.WrongState"/> where nothing was missing.
    /// </returns>
    public MessageFault Append(ReadOnlySpan<byte> rangeBytes)
    {
        if (IsComplete)
            return MessageFault.WrongState;
        ReadOnlySpan<byte> whole = rangeBytes[..(rangeBytes.Length & ~(sizeof(ulong) - 1))];
        if (whole.IsEmpty)
            return MessageFault.TooShort;
        Span<byte> rest = MemoryMarshal.AsBytes(_words.AsSpan(_filled));
        whole = whole[..Math.Min(whole.Length, rest.Length)];
        whole.CopyTo(rest);
        _filled += whole.Length / sizeof(ulong);
        return MessageFault.None;
    }

    /// <summary>Decodes the ranges. They refer to this assembly's memory; nothing is copied.</summary>
    /// <param name="ranges">The ranges, none where one is wrong.</param>
    /// <returns>
    /// <see cref="MessageFault.InvalidField"/> where a range is empty, begins beyond its first page, reaches over more pages
    /// than are left, or where pages are left over.
    /// </returns>
    /// <exception cref="InvalidOperationException">Not everything announced is there.</exception>
    public MessageFault Decode(out IReadOnlyList<GpadlRange> ranges)
    {
        if (!IsComplete)
            throw new InvalidOperationException($"Only {_filled} of {_words.Length} words of the GPADL's ranges have arrived.");
        ranges = [];
        var decoded = new GpadlRange[_rangeCount];
        int next = 0;
        for (int index = 0; index < decoded.Length; index++)
        {
            if (next == _words.Length)
                return MessageFault.InvalidField;
            GpaRange head = MemoryMarshal.Read<GpaRange>(MemoryMarshal.AsBytes(_words.AsSpan(next++)));
            if (head.ByteCount == 0 || head.ByteOffset >= GpadlRange.PageSize || head.PageCount > _words.Length - next)
                return MessageFault.InvalidField;
            int pages = (int)head.PageCount;
            decoded[index] = new GpadlRange(head.ByteOffset, head.ByteCount, _words.AsMemory(next, pages));
            next += pages;
        }

        if (next != _words.Length)
            return MessageFault.InvalidField;
        ranges = decoded;
        return MessageFault.None;
    }
}

using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Gpadls;

public sealed class GpadlAssemblyTests
{
    [Fact]
    public void Several_ranges_of_uneven_bytes_are_decoded()
    {
        ulong[] words = [100ul | 4000ul << 32, 7, 8, 4096, 9, 1ul | 4095ul << 32, 10];
        GpadlAssembly assembly = Assembled(words, 3, 3, 1, 3);
        Assert.Equal(4, assembly.PageCount);
        Assert.Equal(MessageFault.None, assembly.Decode(out IReadOnlyList<GpadlRange> ranges));
        Assert.Equal([(4000u, 100u), (0, 4096), (4095, 1)], ranges.Select(range => (range.ByteOffset, range.ByteCount)));
        Assert.Equal([[7ul, 8], [9], [10]], ranges.Select(range => range.PageFrames.ToArray()));
    }

    [Fact]
    public void What_a_message_has_beyond_the_announced_length_is_not_looked_at()
    {
        var assembly = new GpadlAssembly(new GpadlHeader { RangeBufferLength = 24, RangeCount = 1 }, MemoryMarshal.AsBytes<ulong>([8192, 1]));
        Assert.False(assembly.IsComplete);
        Assert.Equal(MessageFault.None, assembly.Append(MemoryMarshal.AsBytes<ulong>([2, 3, 4])));
        Assert.Equal(MessageFault.WrongState, assembly.Append(MemoryMarshal.AsBytes<ulong>([5])));
        Assert.Equal(MessageFault.None, assembly.Decode(out IReadOnlyList<GpadlRange> ranges));
        Assert.Equal([1ul, 2], ranges[0].PageFrames.ToArray());
    }

    [Fact]
    public void Half_a_word_is_not_taken()
    {
        var assembly = new GpadlAssembly(new GpadlHeader { RangeBufferLength = 16, RangeCount = 1 }, new byte[7]);
        Assert.Equal(MessageFault.TooShort, assembly.Append(new byte[7]));
        Assert.Equal(MessageFault.None, assembly.Append([0, 16, 0, 0, 0, 0, 0, 0, 0xEE]));
        Assert.False(assembly.IsComplete);
        Assert.Throws<InvalidOperationException>(() => assembly.Decode(out _));
        assembly.Append([5, 0, 0, 0, 0, 0, 0, 0]);
        assembly.Decode(out IReadOnlyList<GpadlRange> ranges);
        Assert.Equal(5ul, ranges[0].PageFrames.Span[0]);
    }

    [Fact]
    public void Impossible_counts_are_refused_before_any_memory_is_taken()
    {
        for (int length = 0; length <= ushort.MaxValue; length++)
        {
            foreach (int count in (int[])[0, 1, 2, 4095, 4096, ushort.MaxValue])
            {
                var header = new GpadlHeader { RangeBufferLength = (ushort)length, RangeCount = (ushort)count };
                bool possible = length % 8 == 0 && count > 0 && length / 8 >= 2 * count;
                if (possible != (GpadlAssembly.Check(header, out int pages) == MessageFault.None) || (possible && pages != length / 8 - count))
                    Assert.Fail($"{length} bytes, {count} ranges");
            }
        }

        Assert.Throws<ArgumentException>(() => new GpadlAssembly(new GpadlHeader { RangeBufferLength = 8, RangeCount = 1 }, []));
    }

    // Law: what a guest encodes, however it is cut into messages, is what the host decodes.
    [Property(MaxTest = 500)]
    public void Ranges_cut_into_any_messages_are_decoded_as_they_were(PositiveInt rangeCount, int seed)
    {
        var random = new Random(seed);
        var words = new List<ulong>();
        var expected = new List<GpadlRange>();
        for (int range = 0; range < 1 + rangeCount.Get % 20; range++)
        {
            uint offset = (uint)random.Next(4096), count = (uint)random.Next(1, 40_000);
            ulong[] frames = [.. Enumerable.Range(0, (int)GpadlRange.PageCount(offset, count)).Select(_ => (ulong)random.NextInt64())];
            words.Add(count | (ulong)offset << 32);
            words.AddRange(frames);
            expected.Add(new GpadlRange(offset, count, frames));
        }

        var cuts = new List<int>();
        for (int left = words.Count; left > 0; left -= cuts[^1])
            cuts.Add(Math.Min(left, random.Next(1, GpadlBody.MaxPageFrames + 1)));
        GpadlAssembly assembly = Assembled([.. words], expected.Count, [.. cuts]);
        Assert.Equal(MessageFault.None, assembly.Decode(out IReadOnlyList<GpadlRange> ranges));
        Assert.Equal(expected.Select(Flat), ranges.Select(Flat));
        Assert.Equal(expected.Sum(range => range.PageFrames.Length), assembly.PageCount);

        static string Flat(GpadlRange range) => $"{range.ByteOffset} {range.ByteCount} {string.Join(' ', range.PageFrames.ToArray())}";
    }

    // Law: whatever the words say, decoding ends without an exception, and what it accepts accounts for every page.
    [Property(MaxTest = 2000)]
    public void Any_words_are_decoded_or_refused(int seed)
    {
        var random = new Random(seed);
        var words = new ulong[random.Next(2, 40)];
        for (int index = 0; index < words.Length; index++)
            words[index] = random.Next(4) == 0 ? (ulong)random.NextInt64() : (uint)random.Next(9000) | (random.Next(3) == 0 ? (ulong)(uint)random.Next(5000) << 32 : 0);
        GpadlAssembly assembly = Assembled(words, random.Next(1, words.Length / 2 + 1), words.Length);
        if (assembly.Decode(out IReadOnlyList<GpadlRange> ranges) != MessageFault.None)
        {
            Assert.Empty(ranges);
            return;
        }

        Assert.Equal(assembly.PageCount, ranges.Sum(range => range.PageFrames.Length));
        Assert.All(ranges, range => Assert.True(range.ByteCount > 0 && range.ByteOffset < 4096
            && range.PageFrames.Length == GpadlRange.PageCount(range.ByteOffset, range.ByteCount)));
    }

    private static GpadlAssembly Assembled(ulong[] words, int rangeCount, params int[] cuts)
    {
        var header = new GpadlHeader { RangeBufferLength = checked((ushort)(words.Length * 8)), RangeCount = (ushort)rangeCount };
        var assembly = new GpadlAssembly(header, MemoryMarshal.AsBytes(words.AsSpan(0, cuts[0])));
        int next = cuts[0];
        foreach (int cut in cuts.Skip(1))
        {
            Assert.Equal(MessageFault.None, assembly.Append(MemoryMarshal.AsBytes(words.AsSpan(next, cut))));
            next += cut;
        }

        Assert.True(assembly.IsComplete);
        return assembly;
    }
}

using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Hosting;
using Xunit;

namespace VmBus.Core.Tests.Hosting;

public class GuestBufferTests
{
    private const int PageSize = 4096;
    private const int Pages = 16;

    /// <summary>A buffer over any ranges reads and writes what the bytes of those ranges are, one behind the other.</summary>
    [Property(MaxTest = 300)]
    public Property Ranges_are_bytes_one_behind_the_other() =>
        Prop.ForAll(Ranges.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (ranges, seed) =>
        {
            var memory = new PagedMemory(seed);
            long[] addresses = [.. ranges.SelectMany(range => range.Addresses)];
            var buffer = new GuestBuffer(memory);
            Assert.True(buffer.Assign(List(ranges)));
            Assert.Equal(addresses.Length, buffer.Length);

            var random = new Random(seed);
            int offset = random.Next(addresses.Length + 1);
            var bytes = new byte[random.Next(addresses.Length - offset + 1)];
            Assert.True(buffer.TryRead(offset, bytes));
            Assert.Equal(addresses.Skip(offset).Take(bytes.Length).Select(address => memory.Bytes[address]), bytes);

            byte[] expected = [.. memory.Bytes];
            random.NextBytes(bytes);
            for (int i = 0; i < bytes.Length; i++)
                expected[addresses[offset + i]] = bytes[i];
            Assert.True(buffer.TryWrite(offset, bytes));
            Assert.Equal(expected, memory.Bytes);
        });

    [Fact]
    public void What_lies_outside_the_buffer_is_not_copied()
    {
        var memory = new PagedMemory(1);
        var buffer = new GuestBuffer(memory);
        Assert.True(buffer.Assign(List([new(0, 100, [3])])));
        Assert.True(buffer.TryRead(99, new byte[1]));
        Assert.True(buffer.TryRead(100, []));
        Assert.False(buffer.TryRead(100, new byte[1]));
        Assert.False(buffer.TryRead(-1, new byte[1]));
        Assert.False(buffer.TryRead(long.MaxValue, new byte[1]));
        Assert.False(buffer.TryWrite(1, new byte[100]));
    }

    [Fact]
    public void A_page_that_the_guest_has_not_got_is_told_when_it_is_copied()
    {
        var buffer = new GuestBuffer(new PagedMemory(1));
        Assert.True(buffer.Assign(List([new(0, 2 * PageSize, [3, Pages])])));
        Assert.True(buffer.TryRead(0, new byte[PageSize]));
        Assert.False(buffer.TryRead(0, new byte[PageSize + 1]));
        Assert.False(buffer.TryWrite(PageSize, new byte[1]));
    }

    [Theory]
    [InlineData(1UL << 52)]
    [InlineData(ulong.MaxValue)]
    public void A_page_that_no_address_reaches_empties_the_buffer(ulong frame)
    {
        var buffer = new GuestBuffer(new PagedMemory(1));
        Assert.True(buffer.Assign(List([new(0, 1, [3])])));
        Assert.False(buffer.Assign(List([new(0, 2, [frame])])));
        Assert.Equal(0, buffer.Length);
        Assert.False(buffer.TryRead(0, new byte[1]));
    }

    /// <summary>A trusted writer may change a range after it was checked: the list then has fewer pages than bytes.</summary>
    [Fact]
    public void A_range_of_fewer_pages_than_bytes_empties_the_buffer()
    {
        byte[] bytes = Bytes([new(0, 2 * PageSize, [3, 4])]);
        Assert.False(new GuestBuffer(new PagedMemory(1)).Assign(new GpaRangeList(bytes.AsSpan(0, bytes.Length - 8), 1)));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_request_like_the_one_before()
    {
        var buffer = new GuestBuffer(new PagedMemory(1));
        byte[] bytes = Bytes([new(5, 3 * PageSize, [3, 1, 7, 2])]);
        var copy = new byte[3 * PageSize];
        Assert.Equal(0, Allocations.Of(() =>
        {
            Assert.True(buffer.Assign(new GpaRangeList(bytes, 1)));
            Assert.True(buffer.TryRead(0, copy));
        }));
    }

    private static Gen<Named[]> Ranges =>
        from count in Gen.Choose(1, 4)
        from ranges in (from offset in Gen.OneOf(Gen.Constant(0), Gen.Choose(0, PageSize - 1))
                        from length in Gen.OneOf(Gen.Choose(1, 64), Gen.Choose(1, 3 * PageSize))
                        from pages in Gen.Choose(0, Pages - 1).ArrayOf((offset + length + PageSize - 1) / PageSize)
                        from consecutive in Gen.Elements(true, false)
                        select new Named(offset, length, consecutive ? [.. pages.Select((_, i) => (ulong)(pages[0] + i) % Pages)] : [.. pages.Select(p => (ulong)p)])).ArrayOf(count)
        where ranges.SelectMany(range => range.Addresses).Distinct().Count() == ranges.Sum(range => range.Length)
        select ranges;

    private static GpaRangeList List(Named[] ranges) => new(Bytes(ranges), ranges.Length);

    private static byte[] Bytes(Named[] ranges)
    {
        var bytes = new byte[ranges.Sum(range => 8 + 8 * range.Pages.Length)];
        int at = 0;
        foreach (Named range in ranges)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), range.Length);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), range.Offset);
            at += 8;
            foreach (ulong page in range.Pages)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), page);
                at += 8;
            }
        }

        return bytes;
    }

    private sealed record Named(int Offset, int Length, ulong[] Pages)
    {
        public IEnumerable<long> Addresses =>
            Enumerable.Range(Offset, Length).Select(at => (long)Pages[at / PageSize] * PageSize + at % PageSize);
    }

    private sealed class PagedMemory : IGuestMemory
    {
        public PagedMemory(int seed) => new Random(seed).NextBytes(Bytes);

        public byte[] Bytes { get; } = new byte[Pages * PageSize];

        public bool Contains(ulong gpa, int length) => gpa <= (ulong)(Bytes.Length - length);

        public bool TryRead(ulong gpa, Span<byte> destination)
        {
            if (!Contains(gpa, destination.Length))
                return false;
            Bytes.AsSpan((int)gpa, destination.Length).CopyTo(destination);
            return true;
        }

        public bool TryWrite(ulong gpa, ReadOnlySpan<byte> source)
        {
            if (!Contains(gpa, source.Length))
                return false;
            source.CopyTo(Bytes.AsSpan((int)gpa));
            return true;
        }

        IMappedPage? IGuestMemory.TryMapPage(ulong gpa) => null;

        IMappedRing? IGuestMemory.TryMapRing(ReadOnlySpan<ulong> pageFrames) => null;
    }
}

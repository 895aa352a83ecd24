using System.Buffers.Binary;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Gpadls;

public sealed class GpadlMessagesTests
{
    [Fact]
    public void A_small_gpadl_is_one_header()
    {
        byte[] message = Assert.Single(GpadlMessages.Encode(7, 0xE1E10, [new GpadlRange(0x10, 0x1000, new ulong[] { 0xAB, 0xCD })]));
        Assert.Equal(
            "0800000000000000" + "07000000" + "101E0E00" + "1800" + "0100" + "00100000" + "10000000" + "AB00000000000000" + "CD00000000000000",
            Convert.ToHexString(message));
    }

    [Theory]
    [InlineData(26, 1, 236)]
    [InlineData(27, 2, 24)]
    [InlineData(54, 2, 240)]
    [InlineData(55, 3, 24)]
    [InlineData(8190, 293, 144)]
    public void Pages_beyond_the_header_follow_in_bodies(int pages, int messages, int lastLength)
    {
        ulong[] frames = [.. Enumerable.Range(0, pages).Select(page => 0x1_0000_0000ul + (uint)page)];
        IReadOnlyList<byte[]> encoded = GpadlMessages.Encode(3, 9, [GpadlRange.OfPages(frames)]);
        Assert.Equal((messages, lastLength), (encoded.Count, encoded[^1].Length));
        Assert.Equal(frames, Words(encoded)[1..]);
        Assert.All(encoded.Skip(1), body => Assert.Equal("0900000000000000" + "00000000" + "09000000", Convert.ToHexString(body.AsSpan(0, 16))));
    }

    [Fact]
    public void Ranges_lie_one_behind_the_other_whatever_message_they_fall_into()
    {
        GpadlRange[] ranges = [.. Enumerable.Range(1, 40).Select(pages => GpadlRange.OfPages((ulong)pages << 20, pages % 3 + 1))];
        IReadOnlyList<byte[]> encoded = GpadlMessages.Encode(3, 9, ranges);
        ulong[] expected = [.. ranges.SelectMany(range => (ulong[])[range.ByteCount, .. range.PageFrames.ToArray()])];
        Assert.Equal(expected, Words(encoded));
        GpadlHeader header = ChannelMessages.Read<GpadlHeader>(encoded[0]);
        Assert.Equal((40, expected.Length * 8), (header.RangeCount, header.RangeBufferLength));
    }

    [Fact]
    public void What_is_no_range_or_too_much_is_refused()
    {
        Refused();
        Refused(new GpadlRange(0, 0, Array.Empty<ulong>()));
        Refused(new GpadlRange(4096, 1, new ulong[1]));
        Refused(new GpadlRange(4095, 2, new ulong[1]));
        Refused(new GpadlRange(0, 4096, new ulong[2]));
        Refused(GpadlRange.OfPages(0, 8191));
        Refused([.. Enumerable.Range(0, 4096).Select(page => GpadlRange.OfPages((ulong)page << 12, 1))]);
    }

    private static void Refused(params GpadlRange[] ranges) => Assert.Throws<ArgumentException>(() => GpadlMessages.Encode(1, 1, ranges));

    private static ulong[] Words(IReadOnlyList<byte[]> messages)
    {
        byte[] words = [.. messages[0][20..], .. messages.Skip(1).SelectMany(body => body[16..])];
        return [.. words.Chunk(8).Select(word => BinaryPrimitives.ReadUInt64LittleEndian(word))];
    }
}

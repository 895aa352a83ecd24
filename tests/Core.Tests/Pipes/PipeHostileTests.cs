using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>Whatever a peer puts into the ring is data, an end, or the documented error with its numbers.</summary>
public class PipeHostileTests
{
    public static TheoryData<PipeMode, PeerTrust> Ways { get; } = new(
        from mode in Enum.GetValues<PipeMode>()
        from trust in Enum.GetValues<PeerTrust>()
        select (mode, trust));

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_type_but_data_is_refused(PipeMode mode, PeerTrust trust)
    {
        foreach (uint type in (uint[])[0, 2, 3, 4, 5, 6, 0x100, 0x0001_0001, uint.MaxValue])
        {
            using var pair = new PipePair(mode, trust: trust);
            pair.SendRaw(type, 8, 8);
            PipeFault fault = type switch
            {
                2 => PipeFault.PartialFromPeer,
                3 or 4 => PipeFault.GpaDirectNotOffered,
                _ => PipeFault.UnknownType,
            };
            AssertFaulted(pair, fault, type, 4, 0);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_length_is_held_against_the_packet_and_the_limit(PipeMode mode, PeerTrust trust)
    {
        foreach (int room in (int[])[0, 8, 16, 1000, 16384, 16392])
        {
            foreach (uint length in (uint[])[1, 8, 9, 16, 17, 1000, 1001, 16383, 16384, 16385, 0x8000_0000, 0xffff_fff8, uint.MaxValue])
            {
                using var pair = new PipePair(mode, trust: trust, dataSize: 32768);
                pair.SendRaw(1, length, room);
                if (length > 16384)
                    AssertFaulted(pair, PipeFault.LengthOverLimit, length, 16384, 0);
                else if (length > room)
                    AssertFaulted(pair, PipeFault.LengthOverPacket, length, (uint)room, 0);
                else
                    Assert.Equal((int)length, pair.Right.Read(new byte[16400]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_packet_without_a_header_is_refused(PipeMode mode, PeerTrust trust)
    {
        using var pair = new PipePair(mode, trust: trust);
        Assert.True(pair.Left.Channel.TrySend([]));
        AssertFaulted(pair, PipeFault.HeaderTruncated, 0, 8, 0);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_packet_of_another_kind_is_refused(PipeMode mode, PeerTrust trust)
    {
        using var pair = new PipePair(mode, trust: trust);
        Assert.True(pair.Left.Channel.TrySend(OutgoingPacket.Completion(new byte[16], 1)));
        AssertFaulted(pair, PipeFault.NotInBand, (uint)PacketType.Completion, (uint)PacketType.DataInBand, 0);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_packet_that_wants_a_completion_is_data_and_gets_none(PipeMode mode, PeerTrust trust)
    {
        using var pair = new PipePair(mode, trust: trust);
        Assert.True(pair.Left.Channel.TrySend([1, 0, 0, 0, 1, 0, 0, 0, 77], 5, PacketFlags.CompletionRequested));
        Assert.Equal(77, pair.Right.ReadByte());
        Assert.False(pair.Left.Channel.Incoming.HasPackets);
    }

    [Theory]
    [InlineData(PeerTrust.Trusted)]
    [InlineData(PeerTrust.Untrusted)]
    public void What_came_before_the_fault_is_read_first(PeerTrust trust)
    {
        using var pair = new PipePair(trust: trust);
        pair.Left.Write([1, 2, 3]);
        pair.SendRaw(9, 0, 0);
        byte[] buffer = new byte[100];
        Assert.Equal(3, pair.Right.Read(buffer));
        AssertFaulted(pair, PipeFault.UnknownType, 9, 4, 3);
    }

    [Fact]
    public void A_fault_of_the_ring_is_thrown_after_what_came_before_it()
    {
        using var pair = new PipePair();
        pair.Left.Write([1, 2, 3]);
        uint next = pair.ToRight.Control.WriteIndex;
        pair.Left.Write([4]);
        pair.ToRight.Data[(int)next] = 1;
        byte[] buffer = new byte[100];
        Assert.Equal(3, pair.Right.Read(buffer));
        Assert.Throws<RingCorruptException>(() => pair.Right.Read(buffer));
        Assert.Throws<RingCorruptException>(() => pair.Right.Read(buffer));
    }

    /// <summary>Law: random packets end in data, an end or the documented error, the same in both ways of reading.</summary>
    [Property(MaxTest = 2000)]
    public void Random_packets_are_data_or_the_documented_error(PeerTrust trust, bool messages, int seed)
    {
        using var pair = new PipePair(messages ? PipeMode.Message : PipeMode.Byte, trust: trust);
        var random = new Random(seed);
        for (int i = random.Next(12); i > 0; i--)
            pair.SendRaw((uint)(random.Next(8) == 0 ? random.Next(6) : 1), (uint)random.Next(40), random.Next(5) * 8);
        pair.CloseLeft();
        byte[] buffer = new byte[64];
        try
        {
            for (int reads = 0; ; reads++)
            {
                Assert.True(reads < 1000, "It does not end.");
                int read = random.Next(3) == 0 && messages
                    ? pair.Right.ReadMessage(buffer)
                    : pair.Right.Read(buffer.AsSpan(0, random.Next(1, 60)));
                if (pair.Right.IsEndOfStream && read <= 0)
                    break;
            }
        }
        catch (PipeCorruptException error)
        {
            Assert.Equal(error.Fault, pair.Right.CorruptionError!.Fault);
        }
    }

    private static void AssertFaulted(PipePair pair, PipeFault fault, uint value, uint limit, long position)
    {
        byte[] buffer = new byte[64];
        for (int again = 0; again < 2; again++)
        {
            var error = Assert.Throws<PipeCorruptException>(() => pair.Right.Read(buffer));
            Assert.Equal((fault, value, limit, position), (error.Fault, error.Value, error.Limit, error.Position));
            Assert.Contains($"{value}", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(fault, pair.Right.CorruptionError?.Fault);
        Assert.Throws<PipeCorruptException>(() => pair.Right.Write(buffer));
        pair.Right.Dispose();
        Assert.Equal(0, pair.Right.Channel.GetStatistics().Outgoing.Published);
    }
}

using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>When each side must tell the other: on empty to non-empty, and when the room waited for has come.</summary>
public class SignalContractTests
{
    private const PacketFlags None = PacketFlags.None;

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void Only_the_packet_that_ends_emptiness_needs_a_signal(RingForm form)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(4080);
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(SignalNeed.Required, Write(writer));
            Assert.Equal(SignalNeed.NotEmpty, Write(writer));
            Read(reader, 1);
            Assert.Equal(SignalNeed.NotEmpty, Write(writer));
            Read(reader, 2);
        }

        Assert.Equal(
            new OutgoingRingStatistics(9, 9 * 24, Masked: 0, NotEmpty: 6, Required: 3, FullTotal: 0, FullFirst: 0),
            writer.GetStatistics());
        Assert.Equal(9, writer.GetStatistics().Published);
    }

    [Fact]
    public void A_masked_reader_is_not_signalled_whatever_value_it_masks_with()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        foreach (uint mask in (uint[])[1, 2, 0x8000_0000, uint.MaxValue])
        {
            fixture.Control.InterruptMask = mask;
            Assert.Equal(SignalNeed.Masked, Write(writer));
            Assert.Equal(SignalNeed.Masked, Write(writer));
            Read(reader, 2);
        }

        fixture.Control.InterruptMask = 0;
        Assert.Equal(SignalNeed.Required, Write(writer));
        Assert.Equal((8, 1), (writer.GetStatistics().Masked, writer.GetStatistics().Required));
    }

    [Fact]
    public void Unmasking_looks_again_for_packets_that_got_no_signal()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        reader.MaskInterrupt();
        Assert.Equal(1u, fixture.Control.InterruptMask);
        Assert.False(reader.HasPackets);
        Assert.Equal(SignalNeed.Masked, Write(writer));
        Assert.True(reader.UnmaskInterrupt());
        Assert.Equal(0u, fixture.Control.InterruptMask);
        Read(reader, 1);
        Assert.False(reader.UnmaskInterrupt());
        Assert.Equal(SignalNeed.Required, Write(writer));
        Assert.True(reader.UnmaskInterrupt());
    }

    [Theory]
    [InlineData(0, 1024u)]
    [InlineData(1000, 1024u)]
    [InlineData(1001, 1032u)]
    [InlineData(4064, 4088u)]
    public void A_writer_waits_for_its_packet_and_at_least_a_quarter_of_the_ring(int payload, uint pending)
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        while (Write(writer) != SignalNeed.Nothing) { }
        Assert.False(writer.RequestRoom(payload));
        Assert.Equal(pending, fixture.Control.PendingSendSize);
        writer.CancelRoomRequest();
        Assert.Equal(0u, fixture.Control.PendingSendSize);
    }

    [Fact]
    public void A_request_for_room_that_is_there_is_taken_back()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        Assert.True(writer.RequestRoom(4064));
        Assert.Equal(0u, fixture.Control.PendingSendSize);
        while (Write(writer) != SignalNeed.Nothing) { }
        Assert.False(writer.RequestRoom(0));
        Read(fixture.Reader(), 1);
        Assert.True(writer.RequestRoom(0));
        Assert.Equal(0u, fixture.Control.PendingSendSize);
        Assert.NotEqual(SignalNeed.Nothing, Write(writer));
    }

    [Fact]
    public void The_commit_that_brings_the_room_waited_for_signals_and_no_other()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        reader.MaskInterrupt();
        while (Write(writer, 232) != SignalNeed.Nothing) { }
        Assert.False(writer.RequestRoom(2000));     // 2024 bytes: packets of 256 leave 248 free of 4088
        int signals = 0;
        for (int packets = 1; packets <= 15; packets++)
        {
            bool signal = Read(reader, 1);
            Assert.Equal(packets == 7, signal);     // 248 + 7 * 256 = 2040
            signals += signal ? 1 : 0;
        }

        Assert.Equal(1, signals);
        Assert.Equal(new IncomingRingStatistics(15, 15 * 256, 15, 1), reader.GetStatistics());
    }

    [Fact]
    public void A_writer_that_asks_for_size_minus_1_is_told_when_the_ring_is_empty()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        for (int i = 0; i < 3; i++)
            Write(writer);
        fixture.Control.PendingSendSize = 4095;
        Assert.False(Read(reader, 1));
        Assert.False(Read(reader, 1));
        Assert.True(Read(reader, 1));
    }

    [Fact]
    public void A_writer_without_the_feature_bit_is_never_told_of_room()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        foreach (uint features in (uint[])[0, 2, 0xFFFF_FFFE])
        {
            while (Write(writer) != SignalNeed.Nothing) { }
            fixture.Control.FeatureBits = features;
            Assert.False(writer.RequestRoom(2000));
            while (reader.HasPackets)
                Assert.False(Read(reader, 1));
            Assert.Equal(fixture.Control.WriteIndex, fixture.Control.ReadIndex);
        }

        Assert.Equal(0, reader.GetStatistics().WriterSignals);
    }

    /// <summary>Law: over any history of writes and commits, the reader signals exactly where Linux would.</summary>
    [Property(MaxTest = 300)]
    public Property The_reader_signals_for_room_exactly_where_Linux_does()
    {
        // One step: write as many packets of this payload as go, ask for this much room, then commit this many packets.
        Gen<(int Writes, int Payload, uint Pending, int Reads)> step =
            from writes in Gen.Choose(0, 8)
            from payload in Gen.Choose(0, 600)
            from pending in Gen.OneOf(
                Gen.Choose(0, 4100).Select(p => (uint)p), Gen.Elements(0u, 1u, 7u, 8u, 1024u, 4088u, 4095u, uint.MaxValue), Gen.Constant(0u))
            from reads in Gen.Choose(0, 12)
            select (writes, payload, pending, reads);
        return Prop.ForAll(Arb.ToArbitrary(Gen.ListOf(step)), steps =>
        {
            using var fixture = new RingFixture();
            OutgoingRing writer = fixture.Writer();
            IncomingRing reader = fixture.Reader();
            var linux = new LinuxReadCloseModel(4096);
            foreach ((int writes, int payload, uint pending, int reads) in steps)
            {
                for (int i = 0; i < writes; i++)
                    Write(writer, payload);
                fixture.Control.PendingSendSize = pending;
                uint before = fixture.Control.ReadIndex;
                bool signal = Read(reader, reads, mayEnd: true);
                bool expected = before != fixture.Control.ReadIndex
                    && linux.MustSignal(before, fixture.Control.ReadIndex, fixture.Control.WriteIndex, pending);
                if (signal != expected)
                    return false.Label($"read {before} to {fixture.Control.ReadIndex}, write {fixture.Control.WriteIndex}, pending {pending}: {signal}, Linux {expected}");
            }

            return true.ToProperty();
        });
    }

    private static SignalNeed Write(OutgoingRing writer, int payload = 0)
    {
        writer.TryWrite(new byte[payload], 0, None, out SignalNeed need);
        return need;
    }

    private static bool Read(IncomingRing reader, int packets, bool mayEnd = false)
    {
        using IncomingBatch batch = reader.ReadBatch();
        for (int i = 0; i < packets; i++)
        {
            if (batch.TryNext(out _))
                continue;
            Assert.True(mayEnd);
            break;
        }

        return batch.Commit();
    }

    /// <summary>The end of a read as Linux decides it, in its own quantities: room to write now, and bytes just read.</summary>
    private readonly record struct LinuxReadCloseModel(long Size)
    {
        public bool MustSignal(uint readBefore, uint readNow, uint write, uint pending)
        {
            if (pending == 0)
                return false;
            long used = ((long)write - readNow + Size) % Size;
            long space = Size - used;
            long read = ((long)readNow - readBefore + Size) % Size;
            bool enoughNow = space > pending;
            bool enoughBefore = space - read > pending;
            return enoughNow && !enoughBefore;
        }
    }
}

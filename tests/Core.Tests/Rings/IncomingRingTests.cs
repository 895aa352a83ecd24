using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Batches, single reads and counters of the reading side, in every form of ring.</summary>
public class IncomingRingTests
{
    private const PacketFlags None = PacketFlags.None;

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Packets_not_committed_are_read_again(RingForm form, PeerTrust trust)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(4000);
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader(trust);
        PacketSpec[] packets = [.. PacketSpec.EachType(40), PacketSpec.InBand(3, 9)];
        foreach (PacketSpec packet in packets)
            Assert.True(packet.TryWrite(writer));

        for (int taken = 0; taken <= packets.Length; taken++)
        {
            using IncomingBatch batch = reader.ReadBatch();
            for (int i = 0; i < taken; i++)
            {
                Assert.True(batch.TryNext(out RingPacket read));
                packets[i].AssertIs(read);
            }
        }

        Assert.Equal(4000u, fixture.Control.ReadIndex);
        Assert.Equal(default, reader.GetStatistics());
        using (IncomingBatch batch = reader.ReadBatch())
        {
            Assert.True(batch.TryNext(out _));
            Assert.True(batch.TryNext(out _));
            batch.Commit();
        }

        Assert.Equal((4000u + (uint)packets.Take(2).Sum(p => p.RingLength)) % 4096, fixture.Control.ReadIndex);
        OutgoingRingTests.AssertHolds(reader, packets.Skip(2));
        Assert.Equal(fixture.Control.WriteIndex, fixture.Control.ReadIndex);
        Assert.Equal(new IncomingRingStatistics(packets.Length, packets.Sum(p => p.RingLength), 2, 0), reader.GetStatistics());
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void A_batch_takes_packets_that_arrive_while_it_is_open(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader(trust);
        using IncomingBatch batch = reader.ReadBatch();
        for (int i = 0; i < 10; i++)
        {
            Assert.False(batch.TryNext(out _));
            PacketSpec packet = PacketSpec.InBand(i * 9, (ulong)i);
            Assert.True(packet.TryWrite(writer));
            Assert.True(batch.TryNext(out RingPacket read));
            packet.AssertIs(read);
        }

        batch.Commit();
        Assert.Equal(fixture.Control.WriteIndex, fixture.Control.ReadIndex);
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void A_single_read_into_too_small_a_buffer_leaves_the_packet_and_tells_its_length(RingForm form, PeerTrust trust)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(4072);
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader(trust);
        byte[] buffer = new byte[64];
        Assert.False(reader.TryRead(buffer, out int length, out ulong id, out bool signal));
        Assert.Equal((-1, 0ul, false), (length, id, signal));

        PacketSpec packet = PacketSpec.InBand(41, 77);
        Assert.True(packet.TryWrite(writer));
        for (int small = 0; small < 48; small++)
        {
            Assert.False(reader.TryRead(buffer.AsSpan(0, small), out length, out id, out signal));
            Assert.Equal((48, 77ul, false), (length, id, signal));
            Assert.Equal(4072u, fixture.Control.ReadIndex);
            Assert.All(buffer, b => Assert.Equal(0, b));
        }

        Assert.True(reader.TryRead(buffer.AsSpan(0, 48), out length, out id, out _));
        Assert.Equal((48, 77ul), (length, id));
        Assert.Equal(packet.PaddedPayload, buffer[..48]);
        Assert.False(reader.TryRead(buffer, out length, out _, out _));
        Assert.Equal(-1, length);
        Assert.Equal(new IncomingRingStatistics(1, packet.RingLength, 1, 0), reader.GetStatistics());
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void A_new_reader_goes_on_where_the_control_page_stands(RingForm form, PeerTrust trust)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(4032);
        PacketSpec[] packets = [.. PacketSpec.EachType(25)];
        OutgoingRing writer = fixture.Writer();
        foreach (PacketSpec packet in packets)
            Assert.True(packet.TryWrite(writer));
        foreach (PacketSpec packet in packets)
        {
            IncomingRing reader = fixture.Reader(trust);
            Assert.True(reader.HasPackets);
            using IncomingBatch batch = reader.ReadBatch();
            Assert.True(batch.TryNext(out RingPacket read));
            packet.AssertIs(read);
            batch.Commit();
        }

        Assert.False(fixture.Reader(trust).HasPackets);
    }

    [Fact]
    public void An_untrusted_packet_is_a_copy_and_a_trusted_one_lies_in_the_ring()
    {
        foreach (PeerTrust trust in Enum.GetValues<PeerTrust>())
        {
            using var fixture = new RingFixture();
            PacketSpec packet = PacketSpec.InBand(64, 5);
            Assert.True(packet.TryWrite(fixture.Writer()));
            using IncomingBatch batch = fixture.Reader(trust).ReadBatch();
            Assert.True(batch.TryNext(out RingPacket read));
            fixture.Data.Fill(0xFF);
            if (trust == PeerTrust.Untrusted)
                packet.AssertIs(read);
            else
                Assert.Equal(-1, read.Payload.IndexOfAnyExcept((byte)0xFF));
        }
    }

    [Fact]
    public void Shared_memory_is_looked_at_only_when_the_packets_seen_are_used_up()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        for (int i = 0; i < 3; i++)
            Assert.True(PacketSpec.InBand(8, (ulong)i).TryWrite(writer));
        using IncomingBatch batch = reader.ReadBatch();
        Assert.True(batch.TryNext(out _));
        fixture.Control.WriteIndex = 3;
        Assert.True(reader.HasPackets);
        Assert.True(batch.TryNext(out _));
        Assert.True(batch.TryNext(out _));
        Assert.Throws<RingCorruptException>(() => reader.HasPackets);
    }

    [Fact]
    public void A_packet_of_one_type_does_not_answer_for_another()
    {
        using var fixture = new RingFixture();
        Assert.True(PacketSpec.GpaDirect(8, 1, (8, 0)).TryWrite(fixture.Writer()));
        Assert.Throws<InvalidOperationException>(() => Take(fixture).TransferPageSetId);
        Assert.Throws<InvalidOperationException>(() => Take(fixture).TransferPageRanges.Count);
        fixture.StandAt(0);
        Assert.True(PacketSpec.InBand(8).TryWrite(fixture.Writer()));
        Assert.Equal(0, Take(fixture).RangeCount);
        Assert.True(Take(fixture).ExtendedHeader.IsEmpty);
        Assert.Throws<InvalidOperationException>(() => Take(fixture).GpaRanges.MoveNext());

        static RingPacket Take(RingFixture fixture)
        {
            IncomingBatch batch = fixture.Reader().ReadBatch();
            Assert.True(batch.TryNext(out RingPacket packet));
            return packet;
        }
    }

    [Fact]
    public void A_batch_goes_on_after_a_commit_and_gives_up_only_what_came_after_it()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        for (ulong id = 0; id < 4; id++)
            Assert.True(writer.TryWrite(new byte[8], id, PacketFlags.None, out _));
        Assert.Equal([0, 1, 2], Read(reader, 3, commitAfter: 2));
        Assert.Equal([2, 3], Read(reader, 2, commitAfter: 2));
        Assert.Equal(new IncomingRingStatistics(4, 4 * 32, 2, 0), reader.GetStatistics());

        static List<ulong> Read(IncomingRing reader, int packets, int commitAfter)
        {
            List<ulong> ids = [];
            using IncomingBatch batch = reader.ReadBatch();
            for (int i = 0; i < packets; i++)
            {
                Assert.True(batch.TryNext(out RingPacket packet));
                ids.Add(packet.TransactionId);
                if (i + 1 == commitAfter)
                    Assert.False(batch.Commit());
            }

            return ids;
        }
    }

    [Fact]
    public void Committing_or_disposing_what_took_nothing_changes_nothing()
    {
        using var fixture = new RingFixture();
        IncomingRing reader = fixture.Reader();
        IncomingBatch batch = reader.ReadBatch();
        Assert.False(batch.Commit());
        batch.Dispose();
        batch.Dispose();
        Assert.Equal(default, reader.GetStatistics());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-4096, false)]
    [InlineData(1, false)]
    [InlineData(4095, false)]
    [InlineData(4096, true)]
    [InlineData(4104, false)]
    [InlineData(8192, true)]
    [InlineData((1 << 30) + 4096, false)]
    public void A_data_area_is_a_whole_number_of_pages(int size, bool fits)
    {
        Exception? error = Record.Exception(() => RingMemory.Allocate(size));
        Assert.Equal(fits, error is null);
        if (!fits)
            Assert.IsType<ArgumentOutOfRangeException>(error);
    }

    [Fact]
    public void Memory_that_is_null_or_not_aligned_to_8_bytes_is_refused()
    {
        using var fixture = new RingFixture();
        nint good = AddressOf(fixture);
        foreach (nint bad in (nint[])[0, good + 1, good + 4])
        {
            Assert.Throws<ArgumentException>(() => RingMemory.FromAddress(bad, good, 4096, false));
            Assert.Throws<ArgumentException>(() => RingMemory.FromAddress(good, bad, 4096, false));
        }

        Assert.Throws<ArgumentNullException>(() => new IncomingRing(null!));
        Assert.Throws<ArgumentNullException>(() => new OutgoingRing(null!));
        Assert.Throws<ArgumentException>(() => fixture.Reader(maxPacketLength: 15));
        Assert.Throws<ArgumentException>(() => fixture.Reader(maxPacketLength: -1));
        Assert.False(fixture.Reader(maxPacketLength: 16).HasPackets);

        static unsafe nint AddressOf(RingFixture fixture) => (nint)fixture.Memory.Data;
    }
}

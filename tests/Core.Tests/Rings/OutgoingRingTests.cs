using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Room, batches, reservations and counters of the writing side, in every form of ring.</summary>
public class OutgoingRingTests
{
    private const PacketFlags None = PacketFlags.None;

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void The_ring_is_never_filled_to_the_last_byte(RingForm form)
    {
        using var fixture = new RingFixture(form);
        for (uint at = 0; at < 4096; at += 1016)
        {
            for (int length = 0; length < 200; length += 8)
            {
                OutgoingRing writer = fixture.StandAt(at).Writer();
                int packets = 0;
                while (writer.TryWrite(PacketSpec.Bytes(length), 0, None, out _))
                    packets++;
                Assert.Equal((4096 - 8) / (length + 24), packets);
                Assert.NotEqual(fixture.Control.ReadIndex, fixture.Control.WriteIndex);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_packet_that_takes_all_the_room_there_is_fits_and_8_bytes_more_do_not(RingForm form)
    {
        using var fixture = new RingFixture(form);
        for (int before = 0; before < 500; before += 8)
        {
            OutgoingRing writer = fixture.StandAt(3000).Writer();
            Assert.True(writer.TryWrite(new byte[before], 0, None, out _));
            int room = 4096 - 8 - (before + 24);
            Assert.False(writer.TryWrite(new byte[room - 24 + 1], 0, None, out SignalNeed need));
            Assert.Equal(SignalNeed.Nothing, need);
            Assert.True(writer.TryWrite(new byte[room - 24], 0, None, out _));
            Assert.False(writer.TryWrite([], 0, None, out _));
        }
    }

    [Fact]
    public void Refused_writes_are_counted_and_refusals_in_a_row_are_one_episode()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        byte[] half = new byte[2000];
        for (int episode = 1; episode <= 3; episode++)
        {
            while (writer.TryWrite(half, 0, None, out _)) { }
            Assert.False(writer.TryWrite(half, 0, None, out _));
            using (OutgoingBatch batch = writer.BeginBatch())
                Assert.False(batch.TryReserve(2000, out _));
            Assert.Equal((3 * episode, episode), (writer.GetStatistics().FullTotal, writer.GetStatistics().FullFirst));
            Assert.True(reader.TryRead(half, out _, out _, out _));
        }

        Assert.Equal(0, writer.GetStatistics().FullTotal % 3);
        Assert.True(writer.TryWrite(half, 0, None, out _));
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_batch_is_published_by_one_write_of_the_index(RingForm form)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(4000);
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        PacketSpec[] packets = PacketSpec.EachType(30);
        using (OutgoingBatch batch = writer.BeginBatch())
        {
            foreach (PacketSpec packet in packets)
            {
                Assert.True(packet.TryAdd(batch));
                Assert.Equal(4000u, fixture.Control.WriteIndex);
                Assert.False(reader.HasPackets);
            }

            Assert.Equal(SignalNeed.Required, batch.Commit());
        }

        Assert.Equal((4000u + (uint)packets.Sum(p => p.RingLength)) % 4096, fixture.Control.WriteIndex);
        OutgoingRingStatistics counted = writer.GetStatistics();
        Assert.Equal((1, 1, packets.Length), (counted.Published, counted.Required, counted.Packets));
        Assert.Equal(packets.Sum(p => p.RingLength), counted.Bytes);
        AssertHolds(reader, packets);
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void What_is_reverted_or_never_committed_leaves_no_packet_and_gives_its_room_back(RingForm form)
    {
        using var fixture = new RingFixture(form);
        for (uint at = 3800; at < 4096; at += 8)
        {
            OutgoingRing writer = fixture.StandAt(at).Writer();
            IncomingRing reader = fixture.Reader();
            PacketSpec kept = PacketSpec.InBand(200, at), last = PacketSpec.InBand(96, at + 1, seed: 2);

            using (OutgoingBatch abandoned = writer.BeginBatch())
            {
                Assert.True(abandoned.TryAdd(new byte[100]));
                Assert.True(abandoned.TryReserve(3000, out Span<byte> payload));
                payload.Fill(0xAA);
            }

            using (OutgoingBatch batch = writer.BeginBatch())
            {
                Assert.True(batch.TryReserve(400, out Span<byte> lost));
                lost.Fill(0xBB);
                Assert.True(batch.TryAdd(new byte[3000]));
                batch.Revert();
                Assert.Equal(at, fixture.Control.WriteIndex);
                Assert.True(batch.TryReserve(200, out Span<byte> payload, kept.TransactionId));
                kept.Payload.CopyTo(payload);
                Assert.True(last.TryAdd(batch));
                batch.Commit();
            }

            using (OutgoingBatch empty = writer.BeginBatch())
                Assert.Equal(SignalNeed.Nothing, empty.Commit());

            Assert.Equal(kept.Encode(at), Around(fixture, at, kept.RingLength));
            AssertHolds(reader, [kept, last]);
            Assert.True(writer.TryWrite(new byte[writer.MaxPayloadLength], 0, None, out _));
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_reservation_is_written_in_place_and_appears_only_with_the_commit(RingForm form)
    {
        using var fixture = new RingFixture(form);
        for (uint at = 3900; at < 4096; at += 4)
        {
            uint start = at & ~7u;
            OutgoingRing writer = fixture.StandAt(start).Writer();
            IncomingRing reader = fixture.Reader();
            PacketSpec first = PacketSpec.InBand(93, 1), second = PacketSpec.InBand(17, 2, seed: 3), third = PacketSpec.InBand(64, 3, seed: 4);
            using (OutgoingBatch batch = writer.BeginBatch())
            {
                Assert.True(batch.TryReserve(93, out Span<byte> a, 1));
                Assert.True(second.TryAdd(batch));
                Assert.True(batch.TryReserve(64, out Span<byte> c, 3));
                third.Payload.CopyTo(c);
                first.Payload.CopyTo(a);
                Assert.False(reader.HasPackets);
                batch.Commit();
            }

            AssertHolds(reader, [first, second, third]);
        }
    }

    [Fact]
    public void A_request_for_room_stands_at_the_most_that_anybody_waits_for_until_the_last_stops()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer(multiProducer: true);
        bool first = false, second = false;
        Assert.True(writer.AwaitRoom(2000, ref first));
        Assert.False(first);
        while (writer.TryWrite([], 0, None, out _)) { }

        Assert.Equal(2024u, Await(2000, ref first));
        Assert.Equal(2024u, Await(0, ref second));
        Assert.Equal(3024u, Await(3000, ref second));
        Assert.Equal(3024u, Await(0, ref first));
        Assert.True(first && second);

        writer.StopAwaitingRoom(ref second);
        writer.StopAwaitingRoom(ref second);
        Assert.False(second);
        Assert.Equal(3024u, fixture.Control.PendingSendSize);
        Assert.Equal(1024u, Await(0, ref first));
        writer.StopAwaitingRoom(ref first);
        Assert.Equal(0u, fixture.Control.PendingSendSize);

        uint Await(int length, ref bool waiting)
        {
            Assert.False(writer.AwaitRoom(length, ref waiting));
            return fixture.Control.PendingSendSize;
        }
    }

    [Fact]
    public void A_negative_length_is_refused()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            using OutgoingBatch batch = writer.BeginBatch();
            batch.TryReserve(-1, out _);
        });
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.RequestRoom(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.RequestRoom(int.MinValue));
        Assert.Equal(0u, fixture.Control.PendingSendSize);
    }

    [Fact]
    public void A_finished_batch_says_so()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            OutgoingBatch batch = writer.BeginBatch();
            batch.Commit();
            batch.TryAdd([]);
        });
        Assert.Throws<ObjectDisposedException>(() =>
        {
            OutgoingBatch batch = writer.BeginBatch();
            batch.Dispose();
            batch.Dispose();
            batch.Commit();
        });
        Assert.Equal(0u, fixture.Control.WriteIndex);
    }

    [Fact]
    public void No_packet_leaves_that_every_reader_would_call_corrupt()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        Action[] wrong =
        [
            () => writer.TryWrite(default(OutgoingPacket), out _),
            () => writer.TryWrite(OutgoingPacket.GpaDirect(default, [], 1), out _),
            () => writer.TryWrite(OutgoingPacket.GpaDirect(new GpaDirectHeaderWriter(new byte[64]), [], 1), out _),
            () => writer.TryWrite(OutgoingPacket.TransferPages(default, [], 1), out _),
            () => writer.TryWrite(OutgoingPacket.TransferPages(new TransferPageHeaderWriter(new byte[64], 1), [], 1), out _),
        ];
        foreach (Action way in wrong)
            Assert.Throws<ArgumentException>(way);
        Assert.Equal(0u, fixture.Control.WriteIndex);
    }

    [Theory]
    [InlineData(1u, 4096u, 2)]
    [InlineData(4096u, 0u, 2)]
    [InlineData(4097u, 0u, 1)]
    [InlineData(1u, 0u, 0)]
    public void A_GPA_range_must_list_the_pages_it_touches(uint byteCount, uint byteOffset, int pages)
        => Assert.ThrowsAny<ArgumentException>(() =>
        {
            var header = new GpaDirectHeaderWriter(new byte[64]);
            header.AddRange(byteCount, byteOffset, new ulong[pages]);
        });

    [Fact]
    public void A_header_buffer_that_is_too_small_is_refused_and_one_that_just_fits_is_not()
    {
        Assert.Throws<ArgumentException>(() => new GpaDirectHeaderWriter(new byte[7]).RangeCount);
        Assert.Throws<ArgumentException>(() => new TransferPageHeaderWriter(new byte[7], 1).RangeCount);

        var gpa = new GpaDirectHeaderWriter(new byte[8 + GpaDirectHeaderWriter.SizeOf(2)]);
        gpa.AddRange(4097, 0, [1, 2]);
        Assert.Equal(32, gpa.Written.Length);
        Assert.Throws<ArgumentException>(() =>
        {
            var small = new GpaDirectHeaderWriter(new byte[7 + GpaDirectHeaderWriter.SizeOf(2)]);
            small.AddRange(4097, 0, [1, 2]);
        });

        var transfer = new TransferPageHeaderWriter(new byte[16], 1);
        transfer.AddRange(1, 2);
        Assert.Equal(16, transfer.Written.Length);
        Assert.ThrowsAny<InvalidOperationException>(() =>
        {
            var small = new TransferPageHeaderWriter(new byte[15], 1);
            small.AddRange(1, 2);
        });
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_new_writer_goes_on_where_the_control_page_stands(RingForm form)
    {
        using RingFixture fixture = new RingFixture(form).StandAt(3992);
        PacketSpec[] packets = [PacketSpec.InBand(40, 1), PacketSpec.InBand(80, 2), PacketSpec.InBand(8, 3)];
        Assert.True(packets[0].TryWrite(fixture.Writer()));
        fixture.Control.PendingSendSize = 128;
        fixture.Control.FeatureBits = 0;

        OutgoingRing writer = fixture.Writer();
        Assert.Equal((0u, 1u), (fixture.Control.PendingSendSize, fixture.Control.FeatureBits));
        Assert.True(packets[1].TryWrite(writer, out SignalNeed need));
        Assert.Equal(SignalNeed.NotEmpty, need);
        Assert.True(packets[2].TryWrite(fixture.Writer()));

        int room = 4096 - 8 - packets.Sum(p => p.RingLength);
        Assert.False(fixture.Writer().TryWrite(new byte[room - 24 + 1], 0, None, out _));
        Assert.True(fixture.Writer().TryWrite(new byte[room - 24], 0, None, out _));
    }

    internal static byte[] Around(RingFixture fixture, uint at, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = fixture.Data[(int)((at + i) % fixture.Data.Length)];
        return bytes;
    }

    internal static void AssertHolds(IncomingRing reader, IEnumerable<PacketSpec> packets)
    {
        using IncomingBatch batch = reader.ReadBatch();
        foreach (PacketSpec packet in packets)
        {
            Assert.True(batch.TryNext(out RingPacket read));
            packet.AssertIs(read);
        }

        Assert.False(batch.TryNext(out _));
        batch.Commit();
    }
}

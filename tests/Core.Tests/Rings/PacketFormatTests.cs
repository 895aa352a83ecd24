using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Packets lie in the ring byte for byte as every VMBus system lays them out.</summary>
public class PacketFormatTests
{
    /// <summary>Every way to put an in-band packet into a ring.</summary>
    public enum Way { Write, WriteLocked, WritePacket, Batch, BatchPacket, Reserve }

    private const byte Old = 0xEE;

    // Written down from the format, not made by code.
    [Theory]
    [InlineData("in-band", "0600 0200 0300 0000 8877665544332211 6162636465000000 0000000040000000")]
    [InlineData("request", "0600 0200 0300 0100 8877665544332211 6162636465000000 0000000040000000")]
    [InlineData("completion", "0b00 0200 0300 0000 8877665544332211 6162636465000000 0000000040000000")]
    [InlineData("empty", "0600 0200 0200 0000 8877665544332211 0000000040000000")]
    [InlineData("gpa", "0900 0800 0900 0100 8877665544332211 00000000 02000000"
        + "60000000 e80f0000 efcdab8967452301 01efcdab89674523 00100000 00000000 0500000000000000 6162636465000000 0000000040000000")]
    [InlineData("transfer", "0700 0500 0600 0100 8877665544332211 efbe 01 00 02000000"
        + "dc050000 00000000 3c000000 00200000 6162636465000000 0000000040000000")]
    public void A_packet_has_the_bytes_the_format_asks_for(string kind, string expected)
    {
        using RingFixture fixture = new RingFixture().StandAt(0x40);
        fixture.Data.Fill(Old);
        ReadOnlySpan<byte> text = "abcde"u8;
        const ulong Id = 0x1122334455667788;

        Span<byte> header = stackalloc byte[64];
        var gpa = new GpaDirectHeaderWriter(header);
        if (kind == "gpa")
        {
            gpa.AddRange(0x60, 0xFE8, [0x0123456789ABCDEF, 0x23456789ABCDEF01]);
            gpa.AddRange(0x1000, 0, [5]);
            Assert.Equal(2, gpa.RangeCount);
        }

        var transfer = new TransferPageHeaderWriter(stackalloc byte[64], 0xBEEF, senderOwnsSet: true);
        transfer.AddRange(1500, 0);
        transfer.AddRange(60, 0x2000);
        OutgoingPacket packet = kind switch
        {
            "in-band" => OutgoingPacket.InBand(text, Id),
            "request" => OutgoingPacket.Request(text, Id),
            "completion" => OutgoingPacket.Completion(text, Id),
            "empty" => OutgoingPacket.InBand([], Id),
            "gpa" => OutgoingPacket.GpaDirect(gpa, text, Id),
            _ => OutgoingPacket.TransferPages(transfer, text, Id),
        };
        byte[] bytes = Convert.FromHexString(expected.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(bytes.Length, packet.RingLength);
        Assert.True(fixture.Writer().TryWrite(packet, out _));
        Assert.Equal(0x40u + (uint)bytes.Length, fixture.Control.WriteIndex);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(fixture.Data.Slice(0x40, bytes.Length)));
        Assert.Equal(-1, fixture.Data[..0x40].IndexOfAnyExcept(Old));
        Assert.Equal(-1, fixture.Data[(0x40 + bytes.Length)..].IndexOfAnyExcept(Old));
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Every_payload_length_comes_back_padded_with_zeros(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        foreach (uint at in (uint[])[0, 2040, 4088])
        {
            for (int length = 0; length <= fixture.Writer().MaxPayloadLength; length++)
                WriteAndRead(fixture, at, PacketSpec.InBand(length, (ulong)length), (Way)(length % 6), trust);
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void In_band_packets_cross_the_end_of_the_ring_at_every_place(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        for (uint at = 0; at < 4096; at += 8)
        {
            foreach (int length in (int[])[0, 1, 8, 23, 97])
            {
                foreach (Way way in Enum.GetValues<Way>())
                    WriteAndRead(fixture, at, PacketSpec.InBand(length, at), way, trust);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Every_packet_type_crosses_the_end_of_the_ring_at_every_place(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        for (uint at = 0; at < 4096; at += 8)
        {
            foreach (PacketSpec packet in PacketSpec.EachType((int)(at / 8 % 20)))
                WriteAndRead(fixture, at, packet, at % 16 == 0 ? Way.WritePacket : Way.BatchPacket, trust);
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Range_lists_of_every_shape_come_back(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        (uint, uint)[][] shapes =
        [
            [(1, 0)], [(1, 4095)], [(2, 4095)], [(4096, 0)], [(4097, 0)], [(4096, 1)], [(0, 0)], [(0, 17)],
            [(32 * 4096, 0)], [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)], [(20000, 100), (0, 0), (65536, 4095)],
        ];
        foreach ((uint, uint)[] shape in shapes)
        {
            foreach (uint at in (uint[])[0, 3968, 4080])
            {
                WriteAndRead(fixture, at, PacketSpec.GpaDirect(12, 7, shape), Way.WritePacket, trust);
                WriteAndRead(fixture, at, PacketSpec.TransferPages(0, 8, 1, false, shape), Way.BatchPacket, trust);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void The_longest_packet_a_descriptor_describes_fits_and_no_longer_one(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form, 1 << 20);
        OutgoingRing writer = fixture.Writer();
        Assert.Equal(65535 * 8 - 16, writer.MaxPayloadLength);
        WriteAndRead(fixture, 0, PacketSpec.InBand(writer.MaxPayloadLength), Way.Write, trust);
        WriteAndRead(fixture, (1 << 20) - 8, PacketSpec.InBand(writer.MaxPayloadLength), Way.Reserve, trust);

        byte[] tooLong = new byte[writer.MaxPayloadLength + 1];
        AssertNeverFits(fixture.StandAt(0).Writer(), tooLong);
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_packet_that_could_never_fit_is_refused_by_name_of_its_size(RingForm form)
    {
        using var fixture = new RingFixture(form);
        Assert.Equal(4096 - 8 - 8 - 16, fixture.Writer().MaxPayloadLength);
        AssertNeverFits(fixture.Writer(), new byte[4065]);
        AssertNeverFits(fixture.Writer(multiProducer: true), new byte[4065]);
    }

    private static void AssertNeverFits(OutgoingRing writer, byte[] payload)
    {
        uint total = ((uint)payload.Length + 7) / 8 * 8 + 24;
        Action[] ways =
        [
            () => writer.TryWrite(payload, 0, PacketFlags.None, out _),
            () => writer.TryWrite(OutgoingPacket.Completion(payload, 0), out _),
            () => { using OutgoingBatch batch = writer.BeginBatch(); batch.TryAdd(payload); },
            () => { using OutgoingBatch batch = writer.BeginBatch(); batch.TryReserve(payload.Length, out _); },
            () => writer.RequestRoom(payload.Length),
        ];
        foreach (Action way in ways)
            Assert.Contains($"{total} bytes", Assert.Throws<ArgumentException>(way).Message, StringComparison.Ordinal);
        Assert.Equal(0, writer.GetStatistics().FullTotal);
        Assert.True(writer.TryWrite([], 0, PacketFlags.None, out _));
    }

    /// <summary>Into a ring full of old bytes: the packet's bytes are exact, no other byte changed, and the reader gets it.</summary>
    private static void WriteAndRead(RingFixture fixture, uint at, PacketSpec packet, Way way, PeerTrust trust)
    {
        fixture.StandAt(at).Data.Fill(Old);
        OutgoingRing writer = fixture.Writer(multiProducer: way == Way.WriteLocked);
        IncomingRing reader = fixture.Reader(trust);
        switch (way)
        {
            case Way.Write or Way.WriteLocked:
                Assert.True(writer.TryWrite(packet.Payload, packet.TransactionId, packet.Flags, out _));
                break;
            case Way.WritePacket:
                Assert.True(packet.TryWrite(writer));
                break;
            default:
                using (OutgoingBatch batch = writer.BeginBatch())
                {
                    if (way == Way.Batch)
                    {
                        Assert.True(batch.TryAdd(packet.Payload, packet.TransactionId, packet.Flags));
                    }
                    else if (way == Way.BatchPacket)
                    {
                        Assert.True(packet.TryAdd(batch));
                    }
                    else
                    {
                        Assert.True(batch.TryReserve(packet.Payload.Length, out Span<byte> payload, packet.TransactionId, packet.Flags));
                        Assert.Equal(packet.Payload.Length, payload.Length);
                        packet.Payload.CopyTo(payload);
                    }

                    Assert.Equal(SignalNeed.Required, batch.Commit());
                }

                break;
        }

        uint size = (uint)fixture.Data.Length;
        uint end = (at + (uint)packet.RingLength) % size;
        Assert.Equal(end, fixture.Control.WriteIndex);

        byte[] expected = new byte[size];
        expected.AsSpan().Fill(Old);
        byte[] encoded = packet.Encode(at);
        int first = (int)Math.Min(encoded.Length, size - at);
        encoded.AsSpan(0, first).CopyTo(expected.AsSpan((int)at));
        encoded.AsSpan(first).CopyTo(expected);
        if (!fixture.Data.SequenceEqual(expected))
            Assert.Fail($"{packet.Type} of {packet.Payload.Length} bytes, by {way}, at {at}: byte {fixture.Data.CommonPrefixLength(expected)} differs.");

        using IncomingBatch taken = reader.ReadBatch();
        Assert.True(taken.TryNext(out RingPacket read));
        packet.AssertIs(read);
        Assert.False(taken.TryNext(out _));
        taken.Commit();
        Assert.Equal(end, fixture.Control.ReadIndex);
    }
}

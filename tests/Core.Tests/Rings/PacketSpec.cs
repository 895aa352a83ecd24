using System.Buffers.Binary;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>What a packet should be, and its bytes in the ring worked out from the format alone.</summary>
internal sealed record PacketSpec(PacketType Type, PacketFlags Flags, ulong TransactionId, byte[] Payload)
{
    /// <summary>Of a GPA-direct packet.</summary>
    public (uint ByteCount, uint ByteOffset, ulong[] Pages)[] GpaRanges { get; init; } = [];

    /// <summary>Of a transfer-page packet.</summary>
    public (uint ByteCount, uint ByteOffset)[] TransferRanges { get; init; } = [];

    public ushort SetId { get; init; }

    public bool SenderOwnsSet { get; init; }

    /// <summary>The payload as the reader gets it.</summary>
    public byte[] PaddedPayload
    {
        get
        {
            byte[] padded = new byte[(Payload.Length + 7) / 8 * 8];
            Payload.CopyTo(padded, 0);
            return padded;
        }
    }

    public int RingLength => 16 + Header().Length + PaddedPayload.Length + 8;

    /// <summary>Bytes none of which is zero, so that padding and payload differ.</summary>
    public static byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(1 + (i * 31 + seed * 17) % 255);
        return bytes;
    }

    public static PacketSpec InBand(int length, ulong id = 0, int seed = 1)
        => new(PacketType.DataInBand, PacketFlags.None, id, Bytes(length, seed));

    public static PacketSpec GpaDirect(int length, ulong id, params (uint ByteCount, uint ByteOffset)[] ranges)
        => new(PacketType.DataUsingGpaDirect, PacketFlags.CompletionRequested, id, Bytes(length))
        {
            GpaRanges = [.. ranges.Select(r => (r.ByteCount, r.ByteOffset, PageNumbers(r.ByteCount, r.ByteOffset)))],
        };

    public static PacketSpec TransferPages(int length, ulong id, ushort set, bool owns, params (uint, uint)[] ranges)
        => new(PacketType.DataUsingTransferPages, PacketFlags.CompletionRequested, id, Bytes(length))
        {
            SetId = set,
            SenderOwnsSet = owns,
            TransferRanges = ranges,
        };

    /// <summary>One of each type.</summary>
    public static PacketSpec[] EachType(int length, ulong id = 0x1122334455667788) =>
    [
        InBand(length, id),
        InBand(length, id) with { Flags = PacketFlags.CompletionRequested },
        InBand(length, id) with { Type = PacketType.Completion },
        GpaDirect(length, id, (100, 4000), (4096, 0), (5000, 4095)),
        TransferPages(length, id, 0xBEEF, true, (1500, 0), (60, 0x2000)),
    ];

    /// <summary>The packet as it must lie in a ring when it starts at an index, trailer included.</summary>
    public byte[] Encode(uint at)
    {
        byte[] header = Header();
        byte[] payload = PaddedPayload;
        var bytes = new List<byte>();
        Add16((ushort)Type);
        Add16((16 + header.Length) / 8);
        Add16((16 + header.Length + payload.Length) / 8);
        Add16((ushort)Flags);
        Add64(TransactionId);
        bytes.AddRange(header);
        bytes.AddRange(payload);
        Add64((ulong)at << 32);
        return [.. bytes];

        void Add16(int value) => bytes.AddRange([(byte)value, (byte)(value >> 8)]);
        void Add64(ulong value)
        {
            for (int i = 0; i < 8; i++)
                bytes.Add((byte)(value >> (8 * i)));
        }
    }

    public bool TryWrite(OutgoingRing ring, out SignalNeed need)
    {
        Span<byte> header = stackalloc byte[512];
        return ring.TryWrite(ToPacket(header), out need);
    }

    public bool TryWrite(OutgoingRing ring) => TryWrite(ring, out _);

    public bool TryAdd(in OutgoingBatch batch)
    {
        Span<byte> header = stackalloc byte[512];
        return batch.TryAdd(ToPacket(header));
    }

    public void AssertIs(in RingPacket packet)
    {
        Assert.Equal(Type, packet.Type);
        Assert.Equal(Flags, packet.Flags);
        Assert.Equal((Flags & PacketFlags.CompletionRequested) != 0, packet.WantsCompletion);
        Assert.Equal(TransactionId, packet.TransactionId);
        Assert.Equal(PaddedPayload, packet.Payload);
        Assert.Equal(Header(), packet.ExtendedHeader);
        Assert.Equal(GpaRanges.Length + TransferRanges.Length, packet.RangeCount);

        int range = 0;
        if (Type == PacketType.DataUsingGpaDirect)
        {
            foreach (GpaRangeList.Range gpa in packet.GpaRanges)
            {
                Assert.Equal(GpaRanges[range].ByteCount, gpa.ByteCount);
                Assert.Equal(GpaRanges[range].ByteOffset, gpa.ByteOffset);
                Assert.Equal(GpaRanges[range++].Pages, gpa.PageNumbers);
            }

            Assert.Equal(GpaRanges.Length, range);
        }
        else if (Type == PacketType.DataUsingTransferPages)
        {
            Assert.Equal(SetId, packet.TransferPageSetId);
            Assert.Equal(TransferRanges.Length, packet.TransferPageRanges.Count);
            foreach (TransferPageRange transfer in packet.TransferPageRanges)
                Assert.Equal(TransferRanges[range++], (transfer.ByteCount, transfer.ByteOffset));
            Assert.Equal(TransferRanges.Length, range);
        }
    }

    private static ulong[] PageNumbers(uint byteCount, uint byteOffset)
    {
        var pages = new List<ulong>();
        for (long at = 0; at < (long)byteOffset + byteCount; at += 4096)
            pages.Add(0xFFFF_0000_1234_0000 + (ulong)pages.Count * 3);
        return [.. pages];
    }

    private OutgoingPacket ToPacket(Span<byte> header)
    {
        if (Type == PacketType.DataUsingGpaDirect)
        {
            var gpa = new GpaDirectHeaderWriter(header);
            foreach ((uint byteCount, uint byteOffset, ulong[] pages) in GpaRanges)
                gpa.AddRange(byteCount, byteOffset, pages);
            return OutgoingPacket.GpaDirect(gpa, Payload, TransactionId, Flags);
        }

        if (Type == PacketType.DataUsingTransferPages)
        {
            var transfer = new TransferPageHeaderWriter(header, SetId, SenderOwnsSet);
            foreach ((uint byteCount, uint byteOffset) in TransferRanges)
                transfer.AddRange(byteCount, byteOffset);
            return OutgoingPacket.TransferPages(transfer, Payload, TransactionId, Flags);
        }

        return (Type, Flags) switch
        {
            (PacketType.DataInBand, PacketFlags.None) => OutgoingPacket.InBand(Payload, TransactionId),
            (PacketType.DataInBand, PacketFlags.CompletionRequested) => OutgoingPacket.Request(Payload, TransactionId),
            (PacketType.Completion, PacketFlags.None) => OutgoingPacket.Completion(Payload, TransactionId),
            _ => throw new InvalidOperationException($"No way to write {Type} with {Flags}."),
        };
    }

    private byte[] Header()
    {
        var bytes = new List<byte>();
        if (Type == PacketType.DataUsingGpaDirect)
        {
            Add(0, GpaRanges.Length);
            foreach ((uint byteCount, uint byteOffset, ulong[] pages) in GpaRanges)
            {
                Add((int)byteCount, (int)byteOffset);
                foreach (ulong page in pages)
                    Add((int)page, (int)(page >> 32));
            }
        }
        else if (Type == PacketType.DataUsingTransferPages)
        {
            Add(SetId | (SenderOwnsSet ? 1 << 16 : 0), TransferRanges.Length);
            foreach ((uint byteCount, uint byteOffset) in TransferRanges)
                Add((int)byteCount, (int)byteOffset);
        }

        return [.. bytes];

        void Add(int low, int high)
        {
            byte[] both = new byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(both, low);
            BinaryPrimitives.WriteInt32LittleEndian(both.AsSpan(4), high);
            bytes.AddRange(both);
        }
    }
}

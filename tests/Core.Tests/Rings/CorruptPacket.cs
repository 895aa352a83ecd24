using System.Buffers.Binary;

namespace VmBus.Core.Tests.Rings;

/// <summary>A packet as raw fields, how much of it is published, and what a reader must make of it.</summary>
/// <remarks>Defaults are a sound packet: in-band, 8 bytes of payload.</remarks>
internal sealed record CorruptPacket(string Name, RingFault Fault = RingFault.None, ulong Value = 0, ulong Limit = 0)
{
    public ushort Type { get; init; } = 6;

    public ushort Offset8 { get; init; } = 2;

    public ushort Length8 { get; init; } = 3;

    public ushort Flags { get; init; }

    /// <summary>What follows the descriptor.</summary>
    public uint[] Body { get; init; } = [];

    /// <summary>Bytes published; by default the packet and its trailer.</summary>
    public int? Published { get; init; }

    /// <summary>What the reader was told to accept.</summary>
    public int MaxPacketLength { get; init; }

    /// <summary>Every single thing that can be wrong with a packet, and its sound neighbours.</summary>
    public static IEnumerable<CorruptPacket> All => [.. Lengths(), .. Offsets(), .. Types(), .. FlagBits(), .. RangeCounts(), .. Ranges()];

    /// <summary>Lays the packet into a ring at an index, around its end if need be, and publishes it.</summary>
    public void Publish(RingFixture fixture, uint at)
    {
        byte[] bytes = new byte[16 + Body.Length * 4];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), Offset8);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Length8);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), 0x1234);
        for (int i = 0; i < Body.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16 + 4 * i), Body[i]);
        for (int i = 0; i < bytes.Length; i++)
            fixture.Data[(int)((at + i) % fixture.Data.Length)] = bytes[i];
        fixture.Control.WriteIndex = (at + (uint)(Published ?? Length8 * 8 + 8)) % (uint)fixture.Data.Length;
    }

    public override string ToString() => Name;

    private static IEnumerable<CorruptPacket> Lengths()
    {
        yield return new("8 bytes are published", RingFault.TruncatedPacket, 8, 24) { Published = 8 };
        yield return new("16 bytes are published", RingFault.TruncatedPacket, 16, 24) { Published = 16 };
        yield return new("24 bytes are published and used") { Length8 = 2, Published = 24 };
        yield return new("24 bytes are published and none used", RingFault.PacketTooShort, 0, 16) { Length8 = 0, Published = 24 };
        yield return new("shorter than its descriptor", RingFault.PacketTooShort, 8, 16) { Length8 = 1, Published = 24 };
        yield return new("as short as its descriptor") { Length8 = 2 };
        yield return new("all that is published, and its trailer besides", RingFault.PacketTooLong, 24, 16) { Published = 24 };
        yield return new("8 bytes longer than is published", RingFault.PacketTooLong, 32, 24) { Length8 = 4, Published = 32 };
        yield return new("as long as is published") { Length8 = 4, Published = 40 };
        yield return new("longer than the ring", RingFault.PacketTooLong, 4096, 4080) { Length8 = 512, Published = 4088 };
        yield return new("as long as the ring can hold") { Length8 = 510, Published = 4088 };
        yield return new("as long as a descriptor can say", RingFault.PacketTooLong, 524280, 4080) { Length8 = 0xFFFF, Published = 4088 };
        yield return new("over the reader's limit", RingFault.PacketOverLimit, 72, 64) { Length8 = 9, MaxPacketLength = 64 };
        yield return new("at the reader's limit") { Length8 = 8, MaxPacketLength = 64 };
        yield return new("over a limit that is no multiple of 8", RingFault.PacketOverLimit, 72, 71) { Length8 = 9, MaxPacketLength = 71 };
    }

    private static IEnumerable<CorruptPacket> Offsets()
    {
        yield return new("payload at 0", RingFault.DataOffsetOutOfRange, 0, 24) { Offset8 = 0 };
        yield return new("payload inside the descriptor", RingFault.DataOffsetOutOfRange, 8, 24) { Offset8 = 1 };
        yield return new("payload at the end") { Offset8 = 3 };
        yield return new("payload past the end", RingFault.DataOffsetOutOfRange, 32, 24) { Offset8 = 4 };
        yield return new("payload far past the end", RingFault.DataOffsetOutOfRange, 0xFFFF * 8, 24) { Offset8 = 0xFFFF };
    }

    private static IEnumerable<CorruptPacket> Types()
    {
        foreach (ushort type in (ushort[])[0, 1, 2, 3, 4, 5, 8, 0xA, 0xC, 0xD, 0xE, 31, 32, 38, 0x106, 0x600, 0x8006, 0xFFFF])
            yield return new($"type 0x{type:x}", RingFault.UnknownPacketType, type) { Type = type };
        yield return new("type 0xb") { Type = 0xB };
    }

    private static IEnumerable<CorruptPacket> FlagBits()
    {
        yield return new("the flag of a request") { Flags = 1 };
        foreach (ushort flags in (ushort[])[2, 3, 4, 0x100, 0x8000, 0x8001, 0xFFFF])
            yield return new($"flags 0x{flags:x}", RingFault.UnknownPacketFlags, flags, 1) { Flags = flags };
    }

    private static IEnumerable<CorruptPacket> RangeCounts()
    {
        foreach (ushort type in (ushort[])[7, 9])
        {
            yield return new($"type {type} without its header", RingFault.PacketTooShort, 16, 24) { Type = type };
            foreach ((uint count, bool sound) in ((uint, bool)[])[(0, false), (1, true), (2, true), (3, false), (0x8000_0000, false), (uint.MaxValue, false)])
            {
                yield return Ranged($"type {type}, {count} ranges in room for 2", type, count, [0, 0, 0, 0]) with
                {
                    Fault = sound ? RingFault.None : RingFault.RangeCountOutOfRange,
                    Value = sound ? 0u : count,
                    Limit = sound ? 0u : 2,
                };
            }

            yield return Ranged($"type {type}, 1 range in no room", type, 1, []) with { Fault = RingFault.RangeCountOutOfRange, Value = 1 };
        }
    }

    private static IEnumerable<CorruptPacket> Ranges()
    {
        yield return Ranged("a page number for each page", 9, 1, [4096, 1, 5, 0, 6, 0]);
        yield return Ranged("a page number too few", 9, 1, [4096, 1, 5, 0]) with { Fault = RingFault.RangeOutOfBounds, Value = 24, Limit = 16 };
        yield return Ranged("a page number too many", 9, 1, [4096, 0, 5, 0, 6, 0]);
        yield return Ranged("as many bytes as a range can say", 9, 1, [uint.MaxValue, 4095, 5, 0]) with
        {
            Fault = RingFault.RangeOutOfBounds,
            Value = 8 + 8 * 0x100001,
            Limit = 16,
        };
        yield return Ranged("a range that starts at its page's last byte", 9, 1, [1, 4095, 5, 0]);
        yield return Ranged("a range that starts past its first page", 9, 1, [1, 4096, 5, 0, 6, 0]) with
        {
            Fault = RingFault.RangeOutOfBounds,
            Value = 4096,
            Limit = 4095,
        };
        yield return Ranged("a range that starts as far off as can be said", 9, 1, [1, uint.MaxValue, 5, 0]) with
        {
            Fault = RingFault.RangeOutOfBounds,
            Value = uint.MaxValue,
            Limit = 4095,
        };
        yield return Ranged("a second range that is not there", 9, 2, [4096, 0, 5, 0]) with { Fault = RingFault.RangeOutOfBounds, Value = 8, Limit = 0 };
        yield return Ranged("a second range that is cut off", 9, 2, [4096, 0, 5, 0, 1, 0]) with { Fault = RingFault.RangeOutOfBounds, Value = 16, Limit = 8 };
    }

    private static CorruptPacket Ranged(string name, ushort type, uint count, uint[] ranges) => new(name)
    {
        Type = type,
        Offset8 = (ushort)(3 + ranges.Length / 2),
        Length8 = (ushort)(3 + ranges.Length / 2),
        Body = [0, count, .. ranges],
    };
}

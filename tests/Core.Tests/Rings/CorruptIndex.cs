namespace VmBus.Core.Tests.Rings;

/// <summary>An index somebody wrote into the control page, and what the other side must make of it.</summary>
/// <remarks>
/// Readers stand at 1000 with nothing published. Writers have 3072 bytes published from 1000 on, the reader was last
/// seen at 2024, and the ring of 4096 bytes is full for the packet they write next.
/// </remarks>
internal sealed record CorruptIndex(uint Index, RingFault Fault = RingFault.None, ulong Limit = 0)
{
    /// <summary>What the error names: the index itself, or how many bytes it publishes.</summary>
    public ulong Value { get; init; } = Index;

    public const uint Start = 1000;
    public const uint LastRead = 2024;
    public const uint Written = 1000 + 3072;

    public static IEnumerable<CorruptIndex> OfWriters =>
    [
        .. ((uint[])[4096, 4097, 4104, 8192, 0x8000_0000, uint.MaxValue - 7, uint.MaxValue])
            .Select(i => new CorruptIndex(i, RingFault.WriteIndexOutOfRange, 4096)),
        .. ((uint[])[1, 4, 7, 1001, 1031, 4092, 4095]).Select(i => new CorruptIndex(i, RingFault.WriteIndexMisaligned, 4096)),
        new(Start + 8, RingFault.TruncatedPacket, 24) { Value = 8 },
        new(Start + 16, RingFault.TruncatedPacket, 24) { Value = 16 },
        .. ((uint[])[1000, 1024, 1048, 4072, 0, 984]).Select(i => new CorruptIndex(i)),
    ];

    public static IEnumerable<CorruptIndex> OfReaders =>
    [
        .. ((uint[])[4096, 4097, 4104, 8192, 0x8000_0000, uint.MaxValue - 7, uint.MaxValue])
            .Select(i => new CorruptIndex(i, RingFault.ReadIndexOutOfRange, 4096)),
        .. ((uint[])[1, 4, 7, 2025, 2028, 4071, 4095]).Select(i => new CorruptIndex(i, RingFault.ReadIndexMisaligned, 4096)),
        .. ((uint[])[Written + 8, 4088, 0, 8, 1000, LastRead - 8]).Select(i => new CorruptIndex(i, RingFault.ReadIndexPassedWriter, Written)),
        .. ((uint[])[LastRead, LastRead + 8, 3000, Written - 8, Written]).Select(i => new CorruptIndex(i)),
    ];

    public override string ToString() => $"{Index}: {Fault}";
}

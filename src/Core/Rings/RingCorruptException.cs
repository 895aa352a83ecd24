namespace VmBus;

/// <summary>
/// The other side of a ring wrote an invalid value. The ring is faulted from then on: each further
/// call throws the same error. Nothing outside the ring was read or written.
/// </summary>
public sealed class RingCorruptException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="fault">What was wrong.</param>
    /// <param name="value">The value found.</param>
    /// <param name="limit">The limit that the value exceeded.</param>
    /// <param name="index">Where in the data area the packet begins, or this side's own index.</param>
    internal RingCorruptException(RingFault fault, ulong value, ulong limit, uint index)
        : base(Describe(fault, value, limit, index))
    {
        Fault = fault;
        Value = value;
        Limit = limit;
        Index = index;
    }

    /// <summary>What was wrong.</summary>
    internal RingFault Fault { get; }

    /// <summary>The value found in shared memory.</summary>
    public ulong Value { get; }

    /// <summary>The limit that the value exceeded.</summary>
    public ulong Limit { get; }

    /// <summary>Byte index of the invalid packet in the data area, or this side's own index.</summary>
    public uint Index { get; }

    private static string Describe(RingFault fault, ulong value, ulong limit, uint index) => fault switch
    {
        RingFault.WriteIndexOutOfRange => $"The peer's write index {value} is outside the ring of {limit} bytes.",
        RingFault.WriteIndexMisaligned => $"The peer's write index {value} is not a multiple of 8.",
        RingFault.ReadIndexOutOfRange => $"The peer's read index {value} is outside the ring of {limit} bytes.",
        RingFault.ReadIndexMisaligned => $"The peer's read index {value} is not a multiple of 8.",
        RingFault.ReadIndexPassedWriter => $"The peer's read index {value} passed the write index {limit}.",
        RingFault.WriteIndexPassedReader => $"The peer's write index {value} passed the read index {limit}.",
        RingFault.TruncatedPacket => $"At index {index} {value} bytes are published; the smallest packet has {limit}.",
        RingFault.PacketTooShort => $"The packet at index {index} has {value} bytes for its headers, which need at least {limit}.",
        RingFault.PacketTooLong => $"The packet at index {index} claims to be {value} bytes long; {limit} are published.",
        RingFault.PacketOverLimit => $"The packet at index {index} is {value} bytes long; this reader accepts {limit}.",
        RingFault.DataOffsetOutOfRange => $"The packet at index {index} has its payload at offset {value}, outside 16 to {limit}.",
        RingFault.UnknownPacketType => $"The packet at index {index} has type {value}, which no channel carries.",
        RingFault.UnknownPacketFlags => $"The packet at index {index} has flags 0x{value:x}; only 0x{limit:x} are defined.",
        RingFault.RangeCountOutOfRange => $"The packet at index {index} lists {value} ranges; its header holds 1 to {limit}.",
        RingFault.RangeOutOfBounds => $"A range of the packet at index {index} is out of bounds: {value} bytes, the limit is {limit}.",
        _ => $"The ring is corrupt ({fault}, {value}, {limit}) at index {index}.",
    };
}

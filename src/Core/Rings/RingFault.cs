namespace VmBus;

/// <summary>What the other side of a ring wrote that no correct peer writes.</summary>
internal enum RingFault
{
    /// <summary>Nothing: the ring is sound.</summary>
    None = 0,

    /// <summary>The write index lies outside the data area.</summary>
    WriteIndexOutOfRange,

    /// <summary>The write index is no multiple of 8.</summary>
    WriteIndexMisaligned,

    /// <summary>The read index lies outside the data area.</summary>
    ReadIndexOutOfRange,

    /// <summary>The read index is no multiple of 8.</summary>
    ReadIndexMisaligned,

    /// <summary>The read index passed the write index: it claims packets that were never written.</summary>
    ReadIndexPassedWriter,

    /// <summary>The write index passed what the reader has taken and not committed: it claims room that was not given back.</summary>
    WriteIndexPassedReader,

    /// <summary>Fewer bytes were published than the smallest packet and its trailer take.</summary>
    TruncatedPacket,

    /// <summary>The packet leaves less room for its headers than they take: value and limit count from its start.</summary>
    PacketTooShort,

    /// <summary>The packet's length reaches past what was published.</summary>
    PacketTooLong,

    /// <summary>The packet is longer than this reader was told to accept.</summary>
    PacketOverLimit,

    /// <summary>The payload starts before the end of the descriptor or past the end of the packet.</summary>
    DataOffsetOutOfRange,

    /// <summary>The packet's type is none that a channel carries.</summary>
    UnknownPacketType,

    /// <summary>The packet has undefined flags.</summary>
    UnknownPacketFlags,

    /// <summary>A transfer-page or GPA-direct packet says it has no ranges, or more than its header can hold.</summary>
    RangeCountOutOfRange,

    /// <summary>
    /// A GPA-direct range starts past its first page (value: the offset), or is longer than what is left of the header
    /// (value: the range with its page numbers).
    /// </summary>
    RangeOutOfBounds,
}

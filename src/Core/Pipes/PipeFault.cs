namespace VmBus.Pipes;

/// <summary>What the other side of a pipe sent that no correct peer sends.</summary>
internal enum PipeFault
{
    /// <summary>Nothing: the pipe is sound.</summary>
    None = 0,

    /// <summary>A packet of the ring that is not in-band: pipes carry no completions, transfer pages or GPA-direct data.</summary>
    NotInBand,

    /// <summary>The packet is shorter than the pipe's header.</summary>
    HeaderTruncated,

    /// <summary>The header's type is unknown.</summary>
    UnknownType,

    /// <summary>A packet marked as partly read. Readers mark what they leave in place so; it is never sent.</summary>
    PartialFromPeer,

    /// <summary>Set-up or teardown of GPA-direct transfers, which this library never offers.</summary>
    GpaDirectNotOffered,

    /// <summary>More data than one packet of a pipe carries.</summary>
    LengthOverLimit,

    /// <summary>More data than the packet of the ring holds.</summary>
    LengthOverPacket,
}

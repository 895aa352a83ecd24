// What a packet of a pipe-mode channel is. Facts from OpenVMM vmbus_ring (PACKET_TYPE of a pipe).

namespace VmBus.Pipes;

/// <summary>The type of a pipe packet: the first field of <see cref="PipeHeader"/>.</summary>
internal enum PipePacketType : uint
{
    /// <summary>Never a packet.</summary>
    None = 0,

    /// <summary>A whole piece of data.</summary>
    Data = 1,

    /// <summary>
    /// A piece whose reader has taken part of it and rewrote the header in place: the high 16 bits of
    /// <see cref="PipeHeader.Length"/> count the bytes taken. A peer never sends it.
    /// </summary>
    Partial = 2,

    /// <summary>Sets up GPA-direct transfers.</summary>
    SetupGpaDirect = 3,

    /// <summary>Ends GPA-direct transfers.</summary>
    TeardownGpaDirect = 4,
}

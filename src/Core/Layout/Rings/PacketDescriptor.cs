// The head of every packet in a ring. Mirrors vmpacket_descriptor (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The descriptor at the head of every packet: <c>vmpacket_descriptor</c>, 16 bytes, little-endian, 8-byte aligned
/// in the ring. The payload follows at <see cref="DataOffset8"/>; an 8-byte <see cref="PacketTrailer"/> ends the packet.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct PacketDescriptor
{
    /// <summary>The size of a descriptor in bytes.</summary>
    public const int Size = 16;

    /// <summary><c>type</c>: what the packet is.</summary>
    public PacketType Type;

    /// <summary><c>offset8</c>: where the payload starts, in units of 8 bytes from the start of the descriptor; at least 2.</summary>
    public ushort DataOffset8;

    /// <summary><c>len8</c>: the length of descriptor, extended header and padded payload, in units of 8 bytes; the trailer is not counted.</summary>
    public ushort Length8;

    /// <summary><c>flags</c>.</summary>
    public PacketFlags Flags;

    /// <summary><c>trans_id</c>: chosen by the sender, given back unchanged in the completion.</summary>
    public ulong TransactionId;

    /// <summary><see cref="DataOffset8"/> in bytes.</summary>
    public readonly int DataOffset => DataOffset8 * 8;

    /// <summary><see cref="Length8"/> in bytes.</summary>
    public readonly int Length => Length8 * 8;
}

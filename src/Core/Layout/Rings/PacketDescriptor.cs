// The head of every packet in a ring. Mirrors vmpacket_descriptor (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;
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

    /// <summary><c>type</c>: the type of the packet.</summary>
    public PacketType Type;

    /// <summary><c>offset8</c>: where the payload starts, in units of 8 bytes from the start of the descriptor; at least 2.</summary>
    public ushort DataOffset8;

    /// <summary>
    /// <c>len8</c>: the length of descriptor, extended header and padded payload, in units of 8 bytes; without the trailer.
    /// </summary>
    public ushort Length8;

    /// <summary><c>flags</c>.</summary>
    public PacketFlags Flags;

    /// <summary><c>trans_id</c>: chosen by the sender, returned unchanged in the completion.</summary>
    public ulong TransactionId;

    /// <summary><see cref="DataOffset8"/> in bytes.</summary>
    public readonly int DataOffset => DataOffset8 * 8;

    /// <summary><see cref="Length8"/> in bytes.</summary>
    public readonly int Length => Length8 * 8;

    // The fields before the transaction id as one little-endian word. A ring reads that word once, since the other side may
    // change it at any time, and takes it apart in a register.

    /// <summary>The first word of a descriptor.</summary>
    /// <param name="type">What the packet is.</param>
    /// <param name="dataOffset">Where the payload starts, in bytes from the start of the descriptor: a multiple of 8.</param>
    /// <param name="length">Bytes of descriptor, extended header and padded payload: a multiple of 8.</param>
    /// <param name="flags">The flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Pack(PacketType type, uint dataOffset, uint length, PacketFlags flags)
        => (ulong)type | ((ulong)(dataOffset / 8) << 16) | ((ulong)(length / 8) << 32) | ((ulong)flags << 48);

    /// <summary>The type in a first word.</summary>
    internal static ushort TypeIn(ulong word) => (ushort)word;

    /// <summary>Where the payload starts by a first word, in bytes.</summary>
    internal static uint DataOffsetIn(ulong word) => (uint)(ushort)(word >> 16) * 8;

    /// <summary>The length without trailer in a first word, in bytes.</summary>
    internal static uint LengthIn(ulong word) => (uint)(ushort)(word >> 32) * 8;

    /// <summary>The flags in a first word.</summary>
    internal static ushort FlagsIn(ulong word) => (ushort)(word >> 48);
}

// What a packet in a ring is. Mirrors enum vmbus_packet_type (Linux include/linux/hyperv.h).
/// <summary>The type of a packet: <c>enum vmbus_packet_type</c>, the first field of <see cref="PacketDescriptor"/>.</summary>
public enum PacketType : ushort
{
    /// <summary><c>VM_PKT_INVALID</c>: not a valid packet.</summary>
    Invalid = 0x0,

    /// <summary><c>VM_PKT_SYNCH</c>.</summary>
    Synch = 0x1,

    /// <summary><c>VM_PKT_ADD_XFER_PAGESET</c>: offers a set of transfer pages.</summary>
    AddTransferPageSet = 0x2,

    /// <summary><c>VM_PKT_RM_XFER_PAGESET</c>: withdraws a set of transfer pages.</summary>
    RemoveTransferPageSet = 0x3,

    /// <summary><c>VM_PKT_ESTABLISH_GPADL</c>.</summary>
    EstablishGpadl = 0x4,

    /// <summary><c>VM_PKT_TEARDOWN_GPADL</c>.</summary>
    TeardownGpadl = 0x5,

    /// <summary><c>VM_PKT_DATA_INBAND</c>: the payload is in the ring.</summary>
    DataInBand = 0x6,

    /// <summary><c>VM_PKT_DATA_USING_XFER_PAGES</c>: the payload is in a set of transfer pages; see <see cref="TransferPageHeader"/>.</summary>
    DataUsingTransferPages = 0x7,

    /// <summary><c>VM_PKT_DATA_USING_GPADL</c>: the payload is in memory described by a GPADL.</summary>
    DataUsingGpadl = 0x8,

    /// <summary>
    /// <c>VM_PKT_DATA_USING_GPA_DIRECT</c>: the payload is in guest pages that the packet lists; see
    /// <see cref="GpaDirectHeader"/>.
    /// </summary>
    DataUsingGpaDirect = 0x9,

    /// <summary><c>VM_PKT_CANCEL_REQUEST</c>: withdraws an earlier request.</summary>
    CancelRequest = 0xA,

    /// <summary><c>VM_PKT_COMP</c>: completes the packet with the same transaction id.</summary>
    Completion = 0xB,

    /// <summary><c>VM_PKT_DATA_USING_ADDITIONAL_PKT</c>.</summary>
    DataUsingAdditionalPacket = 0xC,

    /// <summary><c>VM_PKT_ADDITIONAL_DATA</c>.</summary>
    AdditionalData = 0xD,
}

// The flags of a packet. Mirrors VMBUS_DATA_PACKET_FLAG_* (Linux include/linux/hyperv.h).
/// <summary>The flags of a packet: the field <c>flags</c> of <see cref="PacketDescriptor"/>.</summary>
[Flags]
public enum PacketFlags : ushort
{
    /// <summary>No completion is requested.</summary>
    None = 0,

    /// <summary>
    /// <c>VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED</c>: the receiver must answer with a <see cref="PacketType.Completion"/>
    /// with the same transaction id.
    /// </summary>
    CompletionRequested = 1,
}

// The 8 bytes that end each packet. Mirrors the u64 that hv_ringbuffer_write appends (Linux drivers/hv/ring_buffer.c).
/// <summary>
/// The trailer that ends each packet in a ring: 8 bytes, not included in <see cref="PacketDescriptor.Length8"/>.
/// As one little-endian <see langword="ulong"/>, it is the packet's start shifted left by 32.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct PacketTrailer
{
    /// <summary>The size of a trailer in bytes.</summary>
    public const int Size = 8;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary>The writer's index before this packet: where the packet starts, in bytes from the start of the ring's data.</summary>
    public uint WriteIndex;

    /// <summary>Returns the trailer of a packet that starts at an index, as the word to store.</summary>
    /// <param name="oldWriteIndex">Where the packet starts, in bytes from the start of the ring's data.</param>
    /// <returns>The trailer as one little-endian word.</returns>
    public static ulong Pack(uint oldWriteIndex) => (ulong)oldWriteIndex << 32;
}

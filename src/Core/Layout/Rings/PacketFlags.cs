// The flags of a packet. Mirrors VMBUS_DATA_PACKET_FLAG_* (Linux include/linux/hyperv.h).

namespace VmBus.Layout;

/// <summary>The flags of a packet: the field <c>flags</c> of <see cref="PacketDescriptor"/>.</summary>
[Flags]
public enum PacketFlags : ushort
{
    /// <summary>No answer is wanted.</summary>
    None = 0,

    /// <summary>
    /// <c>VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED</c>: the receiver is to answer with a
    /// <see cref="PacketType.Completion"/> of the same transaction id.
    /// </summary>
    CompletionRequested = 1,
}

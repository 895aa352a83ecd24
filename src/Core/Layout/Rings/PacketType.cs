// What a packet in a ring is. Mirrors enum vmbus_packet_type (Linux include/linux/hyperv.h).

namespace VmBus.Layout;

/// <summary>The type of a packet: <c>enum vmbus_packet_type</c>, the first field of <see cref="PacketDescriptor"/>.</summary>
public enum PacketType : ushort
{
    /// <summary><c>VM_PKT_INVALID</c>: never a packet.</summary>
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

    /// <summary><c>VM_PKT_DATA_USING_GPA_DIRECT</c>: the payload is in guest pages the packet names; see <see cref="GpaDirectHeader"/>.</summary>
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

// What a SynIC message is. Mirrors enum hv_message_type (Linux include/asm-generic/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>
/// The type of a SynIC message: <c>enum hv_message_type</c>. Values with bit 31 set come from the hypervisor; the
/// others are chosen by the partition that posts the message.
/// </summary>
public enum SynicMessageType : uint
{
    /// <summary><c>HVMSG_NONE</c>: the slot is empty.</summary>
    None = 0,

    /// <summary>A VMBus channel message: <c>VMBUS_MESSAGE_TYPE</c>.</summary>
    Channel = 1,

    /// <summary><c>HVMSG_TIMER_EXPIRED</c>.</summary>
    TimerExpired = 0x80000010,

    /// <summary><c>HVMSG_SYNIC_SINT_DELIVERABLE</c>: a slot that was busy is free.</summary>
    SintDeliverable = 0x80000062,
}

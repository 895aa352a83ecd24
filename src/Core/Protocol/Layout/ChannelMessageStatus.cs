// How a channel message's request went. Mirrors the NTSTATUS values Linux and OpenVMM know of
// (Linux include/linux/hyperv.h, OpenVMM vmbus_core protocol.rs).

namespace VmBus.Protocol;

/// <summary>The status field of a channel message: an <c>NTSTATUS</c>. Hosts may answer others; anything but 0 is a failure.</summary>
internal enum ChannelMessageStatus : uint
{
    /// <summary><c>STATUS_SUCCESS</c>.</summary>
    Success = 0,

    /// <summary><c>STATUS_UNSUCCESSFUL</c> as VMBus answers it.</summary>
    Unsuccessful = 0x8000FFFF,

    /// <summary><c>STATUS_CONNECTION_REFUSED</c>.</summary>
    ConnectionRefused = 0xC0000236,
}

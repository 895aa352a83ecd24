// The body of a heartbeat. Mirrors heartbeat_msg_data (Linux include/linux/hyperv.h); the guest's state is from OpenVMM
// hyperv_ic_protocol.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The body of an <see cref="IcMessageType.Heartbeat"/> message: <c>heartbeat_msg_data</c>, 40 bytes. Hosts may send less:
/// only <see cref="SequenceNumber"/> is sure.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcHeartbeat
{
    /// <summary>The size of the body in bytes.</summary>
    public const int Size = 40;

    /// <summary><c>seq_num</c>: the guest answers one more.</summary>
    public ulong SequenceNumber;

    /// <summary>How the guest is; set in answers only.</summary>
    public IcGuestState GuestState;

    /// <summary>Zero.</summary>
    public IcHeartbeatReserved Reserved;
}

// The unused part of a heartbeat: reserved of heartbeat_msg_data behind its first word (Linux include/linux/hyperv.h).
/// <summary>7 words that are zero.</summary>
[InlineArray(7)]
internal struct IcHeartbeatReserved
{
    private uint _word0;
}

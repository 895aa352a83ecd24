// The hypercalls VMBus makes. Mirrors HVCALL_* (Linux include/asm-generic/hyperv-tlfs.h, TLFS appendix A).

namespace VmBus.Layout;

/// <summary>The code of a hypercall: bits 0 to 15 of <see cref="HypercallControl"/>.</summary>
internal enum HypercallCode : ushort
{
    /// <summary>No call.</summary>
    None = 0,

    /// <summary><c>HVCALL_POST_MESSAGE</c>: <see cref="PostMessageInput"/>, from memory only.</summary>
    PostMessage = 0x005C,

    /// <summary><c>HVCALL_SIGNAL_EVENT</c>: <see cref="SignalEventInput"/>, from a register (fast) or from memory.</summary>
    SignalEvent = 0x005D,

    /// <summary><c>HVCALL_SIGNAL_EVENT_DIRECT</c>: <see cref="SignalEventDirectInput"/>, from memory only.</summary>
    SignalEventDirect = 0x00C0,

    /// <summary><c>HVCALL_POST_MESSAGE_DIRECT</c>: <see cref="PostMessageDirectInput"/>, from memory only.</summary>
    PostMessageDirect = 0x00C1,
}

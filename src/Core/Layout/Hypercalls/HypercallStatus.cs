// The status codes of HvCallSignalEvent and HvCallPostMessage that a VMBus guest or host meets.
// Mirrors HV_STATUS_* (TLFS, appendix of status codes).

namespace VmBus.Layout;

/// <summary>The result of a hypercall: <c>HV_STATUS</c>, the low 16 bits of the hypercall result value.</summary>
internal enum HypercallStatus : ushort
{
    /// <summary><c>HV_STATUS_SUCCESS</c>.</summary>
    Success = 0x0000,

    /// <summary><c>HV_STATUS_INVALID_HYPERCALL_CODE</c>: no such call.</summary>
    InvalidHypercallCode = 0x0002,

    /// <summary><c>HV_STATUS_INVALID_HYPERCALL_INPUT</c>: the control word is malformed.</summary>
    InvalidHypercallInput = 0x0003,

    /// <summary><c>HV_STATUS_INVALID_ALIGNMENT</c>: an input or output address is not 8-byte aligned.</summary>
    InvalidAlignment = 0x0004,

    /// <summary><c>HV_STATUS_INVALID_PARAMETER</c>: a field of the input is out of range.</summary>
    InvalidParameter = 0x0005,

    /// <summary><c>HV_STATUS_ACCESS_DENIED</c>: the caller lacks the privilege.</summary>
    AccessDenied = 0x0006,

    /// <summary><c>HV_STATUS_OPERATION_DENIED</c>: not allowed in the object's present state.</summary>
    OperationDenied = 0x0008,

    /// <summary><c>HV_STATUS_INSUFFICIENT_MEMORY</c>.</summary>
    InsufficientMemory = 0x000B,

    /// <summary><c>HV_STATUS_INVALID_VP_INDEX</c>.</summary>
    InvalidVpIndex = 0x000E,

    /// <summary><c>HV_STATUS_INVALID_PORT_ID</c>.</summary>
    InvalidPortId = 0x0011,

    /// <summary><c>HV_STATUS_INVALID_CONNECTION_ID</c>: no connection with this id in the calling partition.</summary>
    InvalidConnectionId = 0x0012,

    /// <summary><c>HV_STATUS_INSUFFICIENT_BUFFERS</c>: every message buffer of the port is queued.</summary>
    InsufficientBuffers = 0x0013,

    /// <summary><c>HV_STATUS_NOT_ACKNOWLEDGED</c>.</summary>
    NotAcknowledged = 0x0014,

    /// <summary><c>HV_STATUS_INVALID_VP_STATE</c>.</summary>
    InvalidVpState = 0x0015,

    /// <summary><c>HV_STATUS_INVALID_SYNIC_STATE</c>: the target SynIC, its page or its SINT is disabled.</summary>
    InvalidSynicState = 0x0018,

    /// <summary><c>HV_STATUS_OBJECT_IN_USE</c>.</summary>
    ObjectInUse = 0x0019,

    /// <summary><c>HV_STATUS_TIMEOUT</c>.</summary>
    Timeout = 0x0078,
}

// The hypercalls VMBus makes. Mirrors HVCALL_* (Linux include/asm-generic/hyperv-tlfs.h, TLFS appendix A).
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

// The control word of a hypercall. Mirrors the hypercall input value (TLFS 3.7; Linux HV_HYPERCALL_*).
/// <summary>
/// The control word of a hypercall, 64 bits: code in bits 0 to 15, fast in bit 16, size of the variable header in
/// bits 17 to 26, nested in bit 31, repeat count in bits 32 to 43, repeat start in bits 48 to 59.
/// </summary>
/// <param name="Value">The whole word.</param>
internal readonly record struct HypercallControl(ulong Value)
{
    /// <summary>Bit 16: the input is in registers.</summary>
    public const ulong FastBit = 1ul << 16;

    /// <summary>Bit 31, <c>HV_HYPERCALL_NESTED</c>: the call is for the hypervisor below the nested one.</summary>
    public const ulong NestedBit = 1ul << 31;

    /// <summary>Bits 0 to 15: <see cref="Code"/>.</summary>
    public const ulong CodeMask = 0xFFFF;

    /// <summary>Bits 17 to 26: <see cref="VariableHeaderSize"/>.</summary>
    public const ulong VariableHeaderMask = 0x3FFul << VariableHeaderShift;

    /// <summary>Bits 32 to 43: <see cref="RepCount"/>.</summary>
    public const ulong RepCountMask = 0xFFFul << RepCountShift;

    /// <summary>Bits 48 to 59: <see cref="RepStart"/>.</summary>
    public const ulong RepStartMask = 0xFFFul << RepStartShift;

    private const int VariableHeaderShift = 17;
    private const int RepCountShift = 32;
    private const int RepStartShift = 48;

    /// <summary>Makes the control word of a simple call.</summary>
    /// <param name="code">Which call.</param>
    /// <param name="fast">Whether the input is in registers.</param>
    /// <param name="nested">Whether the call is for the hypervisor below the nested one.</param>
    public HypercallControl(HypercallCode code, bool fast = false, bool nested = false)
        : this((ulong)code | (fast ? FastBit : 0) | (nested ? NestedBit : 0))
    {
    }

    /// <summary>Which call.</summary>
    public HypercallCode Code => (HypercallCode)(Value & CodeMask);

    /// <summary>Whether the input is in registers.</summary>
    public bool IsFast => (Value & FastBit) != 0;

    /// <summary>Whether the call is for the hypervisor below the nested one.</summary>
    public bool IsNested => (Value & NestedBit) != 0;

    /// <summary>The size of the variable header in units of 8 bytes.</summary>
    public int VariableHeaderSize => (int)((Value & VariableHeaderMask) >> VariableHeaderShift);

    /// <summary>How many elements a repeat call has; 0 for a simple call.</summary>
    public int RepCount => (int)((Value & RepCountMask) >> RepCountShift);

    /// <summary>Which element a repeat call starts with.</summary>
    public int RepStart => (int)((Value & RepStartMask) >> RepStartShift);
}

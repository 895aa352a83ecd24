// The status codes of HvCallSignalEvent and HvCallPostMessage that a VMBus guest or host meets.
// Mirrors HV_STATUS_* (TLFS, appendix of status codes).

namespace VmBus.Layout;

/// <summary>The result of a hypercall: <c>HV_STATUS</c>, the low 16 bits of the hypercall result value.</summary>
public enum HypercallStatus : ushort
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

// Why a VP came back. Mirrors WHV_RUN_VP_EXIT_REASON (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>Why a run of a VP ended: <c>WHV_RUN_VP_EXIT_REASON</c>.</summary>
internal enum WhpExitReason : uint
{
    /// <summary><c>WHvRunVpExitReasonNone</c>.</summary>
    None = 0,

    /// <summary><c>WHvRunVpExitReasonMemoryAccess</c>: <see cref="WhpExit.Memory"/>.</summary>
    Memory = 1,

    /// <summary><c>WHvRunVpExitReasonX64IoPortAccess</c>: <see cref="WhpExit.Port"/>.</summary>
    Port = 2,

    /// <summary><c>WHvRunVpExitReasonUnrecoverableException</c>: a triple fault.</summary>
    UnrecoverableException = 4,

    /// <summary><c>WHvRunVpExitReasonInvalidVpRegisterValue</c>.</summary>
    InvalidRegisterValue = 5,

    /// <summary><c>WHvRunVpExitReasonUnsupportedFeature</c>.</summary>
    UnsupportedFeature = 6,

    /// <summary><c>WHvRunVpExitReasonX64InterruptWindow</c>.</summary>
    InterruptWindow = 7,

    /// <summary><c>WHvRunVpExitReasonX64Halt</c>: only where the local APIC is not the hypervisor's.</summary>
    Halt = 8,

    /// <summary><c>WHvRunVpExitReasonX64ApicEoi</c>.</summary>
    ApicEoi = 9,

    /// <summary><c>WHvRunVpExitReasonSynicSintDeliverable</c>: <see cref="WhpExit.SintDeliverable"/>.</summary>
    SintDeliverable = 0xA,

    /// <summary><c>WHvRunVpExitReasonX64MsrAccess</c>: <see cref="WhpExit.Msr"/>.</summary>
    Msr = 0x1000,

    /// <summary><c>WHvRunVpExitReasonX64Cpuid</c>.</summary>
    Cpuid = 0x1001,

    /// <summary><c>WHvRunVpExitReasonException</c>.</summary>
    Exception = 0x1002,

    /// <summary><c>WHvRunVpExitReasonHypercall</c>: <see cref="WhpExit.Hypercall"/>.</summary>
    Hypercall = 0x1005,

    /// <summary><c>WHvRunVpExitReasonCanceled</c>: <see cref="WhpVp.Cancel"/> was called.</summary>
    Canceled = 0x2001,
}

// Which optional exits a partition takes. Mirrors WHV_EXTENDED_VM_EXITS (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>Exits that a partition gets only when it asked for them: <c>WHV_EXTENDED_VM_EXITS</c>, 64 bits.</summary>
[Flags]
internal enum WhpExtendedExits : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>X64CpuidExit</c>.</summary>
    Cpuid = 1 << 0,

    /// <summary><c>X64MsrExit</c>: accesses to registers that the hypervisor does not know.</summary>
    Msr = 1 << 1,

    /// <summary><c>HypercallExit</c>: hypercalls that the hypervisor does not answer itself, <c>HvCallPostMessage</c> among them.</summary>
    Hypercall = 1 << 5,

    /// <summary><c>UnknownSynicConnection</c>: signals of a connection that has no notification port.</summary>
    UnknownSynicConnection = 1 << 10,
}

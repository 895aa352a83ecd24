// Why a VP came back from the guest. Mirrors KVM_EXIT_* (Linux include/uapi/linux/kvm.h).

namespace VmBus.Interop;

/// <summary>Why a run ended.</summary>
internal enum KvmExit : uint
{
    /// <summary><c>KVM_EXIT_UNKNOWN</c>: the processor told a reason that the kernel does not know.</summary>
    Unknown = 0,

    /// <summary><c>KVM_EXIT_EXCEPTION</c>.</summary>
    Exception = 1,

    /// <summary><c>KVM_EXIT_IO</c>: the guest reads or writes a port.</summary>
    Port = 2,

    /// <summary><c>KVM_EXIT_HYPERCALL</c>: a hypercall of KVM's own.</summary>
    Hypercall = 3,

    /// <summary><c>KVM_EXIT_DEBUG</c>.</summary>
    Debug = 4,

    /// <summary><c>KVM_EXIT_HLT</c>: the guest waits for an interrupt, and none is in the kernel's hands.</summary>
    Halt = 5,

    /// <summary><c>KVM_EXIT_MMIO</c>: the guest reads or writes an address without memory.</summary>
    Memory = 6,

    /// <summary><c>KVM_EXIT_IRQ_WINDOW_OPEN</c>.</summary>
    InterruptWindow = 7,

    /// <summary><c>KVM_EXIT_SHUTDOWN</c>: a triple fault.</summary>
    Shutdown = 8,

    /// <summary><c>KVM_EXIT_FAIL_ENTRY</c>: the processor refused to enter the guest.</summary>
    FailedEntry = 9,

    /// <summary><c>KVM_EXIT_INTR</c>: a signal arrived, or the run was told to come back.</summary>
    Interrupted = 10,

    /// <summary><c>KVM_EXIT_INTERNAL_ERROR</c>: the kernel could not emulate an instruction.</summary>
    InternalError = 17,

    /// <summary><c>KVM_EXIT_SYSTEM_EVENT</c>: the guest wants an end, a reset, or reports a crash.</summary>
    SystemEvent = 24,

    /// <summary><c>KVM_EXIT_HYPERV</c>: the guest wrote a SynIC register or made a hypercall.</summary>
    Hyperv = 27,
}

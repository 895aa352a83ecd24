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

// Kinds of exit for the sake of Hyper-V. Mirrors KVM_EXIT_HYPERV_*.
/// <summary>What of Hyper-V the guest used.</summary>
internal enum KvmHypervExit : uint
{
    /// <summary><c>KVM_EXIT_HYPERV_SYNIC</c>: it wrote a register of its SynIC.</summary>
    Synic = 1,

    /// <summary><c>KVM_EXIT_HYPERV_HCALL</c>: it made a hypercall that the kernel leaves to the host.</summary>
    Hypercall = 2,

    /// <summary><c>KVM_EXIT_HYPERV_SYNDBG</c>: it wrote a register of the synthetic debugger.</summary>
    Debugger = 3,
}

// A guest's access to an address that has no memory. Mirrors kvm_run.mmio.
/// <summary>An address that a guest reads or writes.</summary>
/// <param name="Address">The guest physical address.</param>
/// <param name="Length">Bytes: 1 to 8.</param>
/// <param name="IsWrite">Whether it writes.</param>
internal readonly record struct KvmMemoryAccess(ulong Address, int Length, bool IsWrite);

// A guest's access to ports. Mirrors kvm_run.io.
/// <summary>A port that a guest reads or writes.</summary>
/// <param name="IsWrite">Whether it writes.</param>
/// <param name="Size">Bytes at once: 1, 2 or 4.</param>
/// <param name="Port">The port.</param>
/// <param name="Count">How many times, one after the other: a string instruction's.</param>
internal readonly record struct KvmPortAccess(bool IsWrite, int Size, ushort Port, int Count);

// The registers of a SynIC as the kernel has them. Mirrors kvm_hyperv_exit.u.synic.
/// <summary>The registers of a SynIC.</summary>
internal readonly record struct KvmSynicState(uint Msr, ulong Control, ulong EventFlagsPage, ulong MessagePage);

// What a guest tells of itself as a whole. Mirrors KVM_SYSTEM_EVENT_*.
/// <summary>What happens to the whole guest.</summary>
internal enum KvmSystemEvent : uint
{
    /// <summary><c>KVM_SYSTEM_EVENT_SHUTDOWN</c>: it wants to be ended.</summary>
    Shutdown = 1,

    /// <summary><c>KVM_SYSTEM_EVENT_RESET</c>: it wants to begin again.</summary>
    Reset = 2,

    /// <summary><c>KVM_SYSTEM_EVENT_CRASH</c>: it wrote Hyper-V's crash registers.</summary>
    Crash = 3,
}

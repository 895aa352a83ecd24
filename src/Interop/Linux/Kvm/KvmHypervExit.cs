// Kinds of exit for the sake of Hyper-V. Mirrors KVM_EXIT_HYPERV_*.

namespace VmBus.Interop;

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

// What a kernel's KVM can do. Mirrors KVM_CAP_* (Linux include/uapi/linux/kvm.h).

namespace VmBus.Interop;

/// <summary>The capabilities that a VMBus host asks for.</summary>
internal enum KvmCapability : uint
{
    /// <summary><c>KVM_CAP_IRQCHIP</c>: interrupt controllers in the kernel.</summary>
    IrqChip = 0,

    /// <summary><c>KVM_CAP_USER_MEMORY</c>: guest memory that is memory of this process.</summary>
    UserMemory = 3,

    /// <summary><c>KVM_CAP_NR_VCPUS</c>: how many VPs are advised.</summary>
    AdvisedVps = 9,

    /// <summary><c>KVM_CAP_IRQFD</c>: eventfds that raise interrupts.</summary>
    IrqFd = 32,

    /// <summary><c>KVM_CAP_HYPERV</c>: the hypercall page and the reference counter.</summary>
    Hyperv = 44,

    /// <summary><c>KVM_CAP_MAX_VCPUS</c>: the most VPs.</summary>
    MaxVps = 66,

    /// <summary><c>KVM_CAP_IRQFD_RESAMPLE</c>: irqfds that tell of the acknowledgement.</summary>
    IrqFdResample = 82,

    /// <summary><c>KVM_CAP_ENABLE_CAP_VM</c>: capabilities of a whole VM can be turned on.</summary>
    EnableCapability = 98,

    /// <summary><c>KVM_CAP_HYPERV_TIME</c>: the reference TSC page.</summary>
    HypervTime = 96,

    /// <summary><c>KVM_CAP_HYPERV_SYNIC</c>: a SynIC whose pages are cleared when it is turned on.</summary>
    HypervSynic = 123,

    /// <summary><c>KVM_CAP_IMMEDIATE_EXIT</c>: a run can be told to come back at once.</summary>
    ImmediateExit = 136,

    /// <summary><c>KVM_CAP_HYPERV_SYNIC2</c>: a SynIC that leaves its pages as they are.</summary>
    HypervSynic2 = 148,

    /// <summary><c>KVM_CAP_HYPERV_VP_INDEX</c>: a VP's index can be set.</summary>
    HypervVpIndex = 149,

    /// <summary><c>KVM_CAP_HYPERV_EVENTFD</c>: a guest's signals become eventfds in the kernel.</summary>
    HypervEventFd = 154,

    /// <summary><c>KVM_CAP_HYPERV_CPUID</c>: the Hyper-V leaves that the kernel can honour are told.</summary>
    HypervCpuid = 167,
}

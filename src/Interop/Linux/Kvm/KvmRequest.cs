// The numbers of KVM's control calls. Mirrors KVM_* of Linux include/uapi/linux/kvm.h.

namespace VmBus.Interop;

internal static class KvmRequest
{
    private const byte Magic = 0xAE;        // KVMIO

    // On /dev/kvm.
    internal static readonly uint GetApiVersion = IoctlNumber.Plain(Magic, 0x00);
    internal static readonly uint CreateVm = IoctlNumber.Plain(Magic, 0x01);
    internal static readonly uint CheckExtension = IoctlNumber.Plain(Magic, 0x03);
    internal static readonly uint GetRunSize = IoctlNumber.Plain(Magic, 0x04);                             // KVM_GET_VCPU_MMAP_SIZE
    internal static readonly uint GetSupportedCpuid = IoctlNumber.WriteRead(Magic, 0x05, KvmCpuidList.HeaderSize);

    // On a VM.
    internal static readonly uint CreateVp = IoctlNumber.Plain(Magic, 0x41);                               // KVM_CREATE_VCPU
    internal static readonly uint SetMemoryRegion = IoctlNumber.Write<KvmMemoryRegion>(Magic, 0x46);       // KVM_SET_USER_MEMORY_REGION
    internal static readonly uint SetTssAddress = IoctlNumber.Plain(Magic, 0x47);
    internal static readonly uint SetIdentityMapAddress = IoctlNumber.Write<ulong>(Magic, 0x48);
    internal static readonly uint CreateIrqChip = IoctlNumber.Plain(Magic, 0x60);
    internal static readonly uint SetIrqLine = IoctlNumber.Write<KvmIrqLevel>(Magic, 0x61);                // KVM_IRQ_LINE
    internal static readonly uint SetIrqRoutes = IoctlNumber.Write(Magic, 0x6A, 8);                        // KVM_SET_GSI_ROUTING
    internal static readonly uint AssignIrqFd = IoctlNumber.Write<KvmIrqFd>(Magic, 0x76);                  // KVM_IRQFD
    internal static readonly uint CreatePit = IoctlNumber.Write<KvmPitConfig>(Magic, 0x77);                // KVM_CREATE_PIT2
    internal static readonly uint AssignHypervEventFd = IoctlNumber.Write<KvmHypervEventFd>(Magic, 0xBD);  // KVM_HYPERV_EVENTFD

    // On a VP.
    internal static readonly uint Run = IoctlNumber.Plain(Magic, 0x80);
    internal static readonly uint GetRegisters = IoctlNumber.Read<KvmRegisters>(Magic, 0x81);
    internal static readonly uint SetRegisters = IoctlNumber.Write<KvmRegisters>(Magic, 0x82);
    internal static readonly uint GetSpecialRegisters = IoctlNumber.Read<KvmSpecialRegisters>(Magic, 0x83);
    internal static readonly uint SetSpecialRegisters = IoctlNumber.Write<KvmSpecialRegisters>(Magic, 0x84);
    internal static readonly uint GetModelRegisters = IoctlNumber.WriteRead(Magic, 0x88, 8);               // KVM_GET_MSRS
    internal static readonly uint SetModelRegisters = IoctlNumber.Write(Magic, 0x89, 8);                   // KVM_SET_MSRS
    internal static readonly uint SetCpuid = IoctlNumber.Write(Magic, 0x90, KvmCpuidList.HeaderSize);      // KVM_SET_CPUID2
    internal static readonly uint EnableCapability = IoctlNumber.Write<KvmEnableCapability>(Magic, 0xA3);
    internal static readonly uint GetHypervCpuid = IoctlNumber.WriteRead(Magic, 0xC1, KvmCpuidList.HeaderSize);
}

// What a kernel's KVM can do. Mirrors KVM_CAP_* (Linux include/uapi/linux/kvm.h).
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

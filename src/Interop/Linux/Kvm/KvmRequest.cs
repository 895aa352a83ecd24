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

// Memory of this process that a guest has as its own. Mirrors struct kvm_userspace_memory_region (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>Memory of this process that a guest has as its own. <c>struct kvm_userspace_memory_region</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMemoryRegion
{
    /// <summary>The number of the slot.</summary>
    public uint Slot;

    /// <summary><c>KVM_MEM_*</c>; 0 for ordinary memory.</summary>
    public uint Flags;

    /// <summary>Where the guest finds it: <c>guest_phys_addr</c>.</summary>
    public ulong GuestAddress;

    /// <summary>How many bytes: whole pages; 0 takes the slot away.</summary>
    public ulong Length;

    /// <summary>Where it is mapped here: <c>userspace_addr</c>.</summary>
    public ulong UserAddress;
}

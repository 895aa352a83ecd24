// A capability to turn on. Mirrors struct kvm_enable_cap (Linux include/uapi/linux/kvm.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A capability to turn on. <c>struct kvm_enable_cap</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmEnableCapability
{
    /// <summary>Which.</summary>
    public KvmCapability Capability;

    /// <summary>0.</summary>
    public uint Flags;

    /// <summary>What it takes.</summary>
    public ulong Argument0;

    /// <summary>What it takes.</summary>
    public ulong Argument1;

    /// <summary>What it takes.</summary>
    public ulong Argument2;

    /// <summary>What it takes.</summary>
    public ulong Argument3;

    internal KvmPadding64 Padding;
}

// A connection whose signals the kernel turns into an eventfd. Mirrors struct kvm_hyperv_eventfd (Linux include/uapi/linux/kvm.h).
/// <summary>A connection whose signals the kernel turns into an eventfd. <c>struct kvm_hyperv_eventfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmHypervEventFd
{
    /// <summary>The connection.</summary>
    public uint ConnectionId;

    /// <summary>The eventfd.</summary>
    public int Descriptor;

    /// <summary>1 (<c>KVM_HYPERV_EVENTFD_DEASSIGN</c>) takes it away.</summary>
    public uint Flags;

    internal uint Padding0;

    internal uint Padding1;

    internal uint Padding2;
}

// Memory of this process that a guest has as its own. Mirrors struct kvm_userspace_memory_region (Linux include/uapi/linux/kvm.h).
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

// Bytes that a KVM structure keeps for later.
/// <summary>56 bytes of zero.</summary>
[InlineArray(7)]
internal struct KvmPadding56
{
    private ulong _word;
}

// Bytes that a KVM structure keeps for later.
/// <summary>64 bytes of zero.</summary>
[InlineArray(8)]
internal struct KvmPadding64
{
    private ulong _word;
}

// A connection whose signals the kernel turns into an eventfd. Mirrors struct kvm_hyperv_eventfd (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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

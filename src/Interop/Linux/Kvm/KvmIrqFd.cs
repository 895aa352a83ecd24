// An eventfd that raises an interrupt line. Mirrors struct kvm_irqfd (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>An eventfd that raises an interrupt line. <c>struct kvm_irqfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIrqFd
{
    /// <summary>The eventfd.</summary>
    public int Descriptor;

    /// <summary>The line.</summary>
    public uint Gsi;

    /// <summary><c>KVM_IRQFD_FLAG_*</c>: 1 takes it away, 2 has a resample event.</summary>
    public uint Flags;

    /// <summary>Told when the guest has acknowledged.</summary>
    public int ResampleDescriptor;

    internal uint Padding0;

    internal uint Padding1;

    internal uint Padding2;

    internal uint Padding3;
}

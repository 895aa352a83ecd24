// Where an interrupt line leads. Mirrors struct kvm_irq_routing_entry (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>Where an interrupt line leads. <c>struct kvm_irq_routing_entry</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIrqRoute
{
    /// <summary>The line.</summary>
    public uint Gsi;

    /// <summary><c>KVM_IRQ_ROUTING_*</c>: 1 a pin of an irqchip, 4 a SINT.</summary>
    public uint Type;

    /// <summary>0.</summary>
    public uint Flags;

    internal uint Padding;

    /// <summary>The irqchip, or the VP's index.</summary>
    public uint Target;

    /// <summary>The pin, or the SINT.</summary>
    public uint Pin;

    internal ulong Rest0;

    internal ulong Rest1;

    internal ulong Rest2;
}

// An eventfd that raises an interrupt line. Mirrors struct kvm_irqfd (Linux include/uapi/linux/kvm.h).
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

// The level of an interrupt line. Mirrors struct kvm_irq_level (Linux include/uapi/linux/kvm.h).
/// <summary>The level of an interrupt line. <c>struct kvm_irq_level</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIrqLevel
{
    /// <summary>The line: a GSI.</summary>
    public uint Line;

    /// <summary>1 raised, 0 lowered.</summary>
    public uint Level;
}

// How the interval timer is made. Mirrors struct kvm_pit_config (Linux include/uapi/linux/kvm.h).
/// <summary>How the interval timer is made. <c>struct kvm_pit_config</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmPitConfig
{
    /// <summary><c>KVM_PIT_SPEAKER_DUMMY</c> is 1.</summary>
    public uint Flags;

    internal uint Padding0;

    internal KvmPadding56 Padding;
}

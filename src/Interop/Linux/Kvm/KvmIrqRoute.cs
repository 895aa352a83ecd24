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

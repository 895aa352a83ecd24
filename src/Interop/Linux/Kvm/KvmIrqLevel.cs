// The level of an interrupt line. Mirrors struct kvm_irq_level (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>The level of an interrupt line. <c>struct kvm_irq_level</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIrqLevel
{
    /// <summary>The line: a GSI.</summary>
    public uint Line;

    /// <summary>1 raised, 0 lowered.</summary>
    public uint Level;
}

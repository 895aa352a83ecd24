// GDTR or IDTR. Mirrors struct kvm_dtable (Linux arch/x86/include/uapi/asm/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>GDTR or IDTR. <c>struct kvm_dtable</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmDescriptorTable
{
    /// <summary>Where the table is.</summary>
    public ulong Base;

    /// <summary>Its last byte.</summary>
    public ushort Limit;

    internal ushort Padding0;

    internal uint Padding1;
}

// A model-specific register and its value. Mirrors struct kvm_msr_entry (Linux arch/x86/include/uapi/asm/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A model-specific register and its value. <c>struct kvm_msr_entry</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmModelRegister
{
    /// <summary>Its number.</summary>
    public uint Index;

    internal uint Reserved;

    /// <summary>What it holds.</summary>
    public ulong Value;
}

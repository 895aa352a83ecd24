// What a guest reads of one CPUID leaf. Mirrors struct kvm_cpuid_entry2 (Linux arch/x86/include/uapi/asm/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>What a guest reads of one CPUID leaf. <c>struct kvm_cpuid_entry2</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmCpuidEntry
{
    /// <summary>The leaf: EAX of the question.</summary>
    public uint Function;

    /// <summary>The subleaf: ECX of the question.</summary>
    public uint Index;

    /// <summary><c>KVM_CPUID_FLAG_*</c>: bit 0 when the subleaf matters.</summary>
    public uint Flags;

    /// <summary>EAX of the answer.</summary>
    public uint Eax;

    /// <summary>EBX of the answer.</summary>
    public uint Ebx;

    /// <summary>ECX of the answer.</summary>
    public uint Ecx;

    /// <summary>EDX of the answer.</summary>
    public uint Edx;

    internal uint Padding0;

    internal uint Padding1;

    internal uint Padding2;
}

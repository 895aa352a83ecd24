// The segment and control registers of a VP. Mirrors struct kvm_sregs (Linux arch/x86/include/uapi/asm/kvm.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>The segment and control registers of a VP. <c>struct kvm_sregs</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmSpecialRegisters
{
    /// <summary>CS.</summary>
    public KvmSegment Cs;

    /// <summary>DS.</summary>
    public KvmSegment Ds;

    /// <summary>ES.</summary>
    public KvmSegment Es;

    /// <summary>FS.</summary>
    public KvmSegment Fs;

    /// <summary>GS.</summary>
    public KvmSegment Gs;

    /// <summary>SS.</summary>
    public KvmSegment Ss;

    /// <summary>TR.</summary>
    public KvmSegment Tr;

    /// <summary>LDTR.</summary>
    public KvmSegment Ldt;

    /// <summary>GDTR.</summary>
    public KvmDescriptorTable Gdt;

    /// <summary>IDTR.</summary>
    public KvmDescriptorTable Idt;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR2.</summary>
    public ulong Cr2;

    /// <summary>CR3.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>CR8.</summary>
    public ulong Cr8;

    /// <summary>The extended feature enable register.</summary>
    public ulong Efer;

    /// <summary>Where the local APIC is.</summary>
    public ulong ApicBase;

    /// <summary>The interrupt that waits to be taken, a bit for each vector.</summary>
    public KvmInterruptBitmap InterruptBitmap;
}

// A segment register with its hidden part. Mirrors struct kvm_segment (Linux arch/x86/include/uapi/asm/kvm.h).
/// <summary>A segment register with its hidden part. <c>struct kvm_segment</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmSegment
{
    /// <summary>Where it begins.</summary>
    public ulong Base;

    /// <summary>Its last byte.</summary>
    public uint Limit;

    /// <summary>What the guest reads.</summary>
    public ushort Selector;

    /// <summary>The descriptor's type.</summary>
    public byte Type;

    /// <summary>1 when it is present.</summary>
    public byte Present;

    /// <summary>Its privilege level.</summary>
    public byte Dpl;

    /// <summary>1 for 32-bit code: <c>db</c>.</summary>
    public byte DefaultBig;

    /// <summary>0 for a system segment: <c>s</c>.</summary>
    public byte IsCodeOrData;

    /// <summary>1 for 64-bit code: <c>l</c>.</summary>
    public byte LongMode;

    /// <summary>1 when the limit counts pages: <c>g</c>.</summary>
    public byte Granularity;

    /// <summary>The bit left to the system: <c>avl</c>.</summary>
    public byte Available;

    /// <summary>1 when it is no segment.</summary>
    public byte Unusable;

    internal byte Padding;
}

// GDTR or IDTR. Mirrors struct kvm_dtable (Linux arch/x86/include/uapi/asm/kvm.h).
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

// Which interrupt vectors wait, a bit each. Mirrors interrupt_bitmap of struct kvm_sregs.
/// <summary>256 bits, one for each vector.</summary>
[InlineArray(4)]
internal struct KvmInterruptBitmap
{
    private ulong _word;
}

// A model-specific register and its value. Mirrors struct kvm_msr_entry (Linux arch/x86/include/uapi/asm/kvm.h).
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

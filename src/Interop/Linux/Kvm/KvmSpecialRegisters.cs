// The segment and control registers of a VP. Mirrors struct kvm_sregs (Linux arch/x86/include/uapi/asm/kvm.h).

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

// A segment register with its hidden part. Mirrors struct kvm_segment (Linux arch/x86/include/uapi/asm/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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

// A capability to turn on. Mirrors struct kvm_enable_cap (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A capability to turn on. <c>struct kvm_enable_cap</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmEnableCapability
{
    /// <summary>Which.</summary>
    public KvmCapability Capability;

    /// <summary>0.</summary>
    public uint Flags;

    /// <summary>What it takes.</summary>
    public ulong Argument0;

    /// <summary>What it takes.</summary>
    public ulong Argument1;

    /// <summary>What it takes.</summary>
    public ulong Argument2;

    /// <summary>What it takes.</summary>
    public ulong Argument3;

    internal KvmPadding64 Padding;
}

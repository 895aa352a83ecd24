// How the interval timer is made. Mirrors struct kvm_pit_config (Linux include/uapi/linux/kvm.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>How the interval timer is made. <c>struct kvm_pit_config</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmPitConfig
{
    /// <summary><c>KVM_PIT_SPEAKER_DUMMY</c> is 1.</summary>
    public uint Flags;

    internal uint Padding0;

    internal KvmPadding56 Padding;
}

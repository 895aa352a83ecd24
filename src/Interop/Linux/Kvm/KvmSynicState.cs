// The registers of a SynIC as the kernel has them. Mirrors kvm_hyperv_exit.u.synic.

namespace VmBus.Interop;

/// <summary>The registers of a SynIC.</summary>
/// <param name="Msr">The register that was written.</param>
/// <param name="Control">SCONTROL.</param>
/// <param name="EventFlagsPage">SIEFP.</param>
/// <param name="MessagePage">SIMP.</param>
internal readonly record struct KvmSynicState(uint Msr, ulong Control, ulong EventFlagsPage, ulong MessagePage);

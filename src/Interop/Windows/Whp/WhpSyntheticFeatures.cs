// What of Hyper-V a guest finds. Mirrors WHV_SYNTHETIC_PROCESSOR_FEATURES (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>
/// The hypervisor's interface that a guest is given: <c>WHV_SYNTHETIC_PROCESSOR_FEATURES</c>, 64 bits, as the C structure
/// names them.
/// </summary>
[Flags]
internal enum WhpSyntheticFeatures : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>HypervisorPresent</c>: CPUID tells of a hypervisor.</summary>
    HypervisorPresent = 1 << 0,

    /// <summary><c>Hv1</c>: the interface is Hyper-V's.</summary>
    Hv1 = 1 << 1,

    /// <summary><c>AccessVpRunTimeReg</c>.</summary>
    AccessVpRunTime = 1 << 2,

    /// <summary><c>AccessPartitionReferenceCounter</c>.</summary>
    AccessReferenceCounter = 1 << 3,

    /// <summary><c>AccessSynicRegs</c>: SCONTROL, SIMP, SIEFP, EOM and the SINTs.</summary>
    AccessSynic = 1 << 4,

    /// <summary><c>AccessSyntheticTimerRegs</c>.</summary>
    AccessSyntheticTimers = 1 << 5,

    /// <summary><c>AccessIntrCtrlRegs</c>.</summary>
    AccessInterruptControl = 1 << 6,

    /// <summary><c>AccessHypercallRegs</c>: the guest's OS id and the hypercall page.</summary>
    AccessHypercalls = 1 << 7,

    /// <summary><c>AccessVpIndex</c>.</summary>
    AccessVpIndex = 1 << 8,

    /// <summary><c>AccessPartitionReferenceTsc</c>.</summary>
    AccessReferenceTsc = 1 << 9,

    /// <summary><c>AccessGuestIdleReg</c>.</summary>
    AccessGuestIdle = 1 << 10,

    /// <summary><c>AccessFrequencyRegs</c>.</summary>
    AccessFrequencies = 1 << 11,

    /// <summary><c>FastHypercallOutput</c>.</summary>
    FastHypercallOutput = 1 << 18,

    /// <summary><c>DirectSyntheticTimers</c>.</summary>
    DirectSyntheticTimers = 1 << 22,

    /// <summary><c>ExtendedProcessorMasks</c>.</summary>
    ExtendedProcessorMasks = 1 << 24,

    /// <summary><c>TbFlushHypercalls</c>.</summary>
    TlbFlushHypercalls = 1 << 25,

    /// <summary><c>SyntheticClusterIpi</c>.</summary>
    SyntheticClusterIpi = 1 << 26,

    /// <summary><c>NotifyLongSpinWait</c>.</summary>
    NotifyLongSpinWait = 1 << 27,

    /// <summary><c>SignalEvents</c>: <c>HvCallSignalEvent</c>.</summary>
    SignalEvents = 1 << 29,
}

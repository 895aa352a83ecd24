// What is set of a partition before it is set up. Mirrors WHV_PARTITION_PROPERTY_CODE (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A property of a partition: <c>WHV_PARTITION_PROPERTY_CODE</c>.</summary>
internal enum WhpProperty : uint
{
    /// <summary><c>WHvPartitionPropertyCodeExtendedVmExits</c>: <see cref="WhpExtendedExits"/>.</summary>
    ExtendedExits = 1,

    /// <summary><c>WHvPartitionPropertyCodeX64MsrExitBitmap</c>: 64 bits, bit 0 for unknown registers.</summary>
    MsrExitBitmap = 5,

    /// <summary><c>WHvPartitionPropertyCodeLocalApicEmulationMode</c>: 32 bits, 0 none, 1 xAPIC, 2 x2APIC.</summary>
    LocalApicMode = 0x1005,

    /// <summary><c>WHvPartitionPropertyCodeSyntheticProcessorFeaturesBanks</c>: <see cref="WhpSyntheticFeaturesBanks"/>.</summary>
    SyntheticFeatures = 0x100C,

    /// <summary><c>WHvPartitionPropertyCodeProcessorCount</c>: 32 bits.</summary>
    ProcessorCount = 0x1FFF,
}

// What can be asked of the platform. Mirrors WHV_CAPABILITY_CODE (winhvplatformdefs.h).
/// <summary>What <see cref="WhpPlatform.GetCapability"/> is asked for: <c>WHV_CAPABILITY_CODE</c>.</summary>
internal enum WhpCapability : uint
{
    /// <summary><c>WHvCapabilityCodeHypervisorPresent</c>: a <c>BOOL</c>.</summary>
    HypervisorPresent = 0,

    /// <summary><c>WHvCapabilityCodeFeatures</c>: <see cref="WhpFeatures"/>.</summary>
    Features = 1,

    /// <summary><c>WHvCapabilityCodeExtendedVmExits</c>: <see cref="WhpExtendedExits"/>.</summary>
    ExtendedExits = 2,

    /// <summary><c>WHvCapabilityCodeSyntheticProcessorFeaturesBanks</c>: <see cref="WhpSyntheticFeaturesBanks"/>.</summary>
    SyntheticFeatures = 0x1008,
}

// What a platform can do beyond running a VP. Mirrors WHV_CAPABILITY_FEATURES (winhvplatformdefs.h).
/// <summary>Features of the platform: <c>WHV_CAPABILITY_FEATURES</c>, 64 bits. Only those used here have names.</summary>
[Flags]
internal enum WhpFeatures : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>PartialUnmap</c>: a part of a mapped range can be unmapped.</summary>
    PartialUnmap = 1 << 0,

    /// <summary><c>LocalApicEmulation</c>: the hypervisor has the VPs' local APICs. The SynIC needs them.</summary>
    LocalApicEmulation = 1 << 1,
}

// Which optional exits a partition takes. Mirrors WHV_EXTENDED_VM_EXITS (winhvplatformdefs.h).
/// <summary>Exits that a partition gets only when it asked for them: <c>WHV_EXTENDED_VM_EXITS</c>, 64 bits.</summary>
[Flags]
internal enum WhpExtendedExits : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>X64CpuidExit</c>.</summary>
    Cpuid = 1 << 0,

    /// <summary><c>X64MsrExit</c>: accesses to registers that the hypervisor does not know.</summary>
    Msr = 1 << 1,

    /// <summary><c>HypercallExit</c>: hypercalls that the hypervisor does not answer itself, <c>HvCallPostMessage</c> among them.</summary>
    Hypercall = 1 << 5,

    /// <summary><c>UnknownSynicConnection</c>: signals of a connection that has no notification port.</summary>
    UnknownSynicConnection = 1 << 10,
}

// What of Hyper-V a guest finds. Mirrors WHV_SYNTHETIC_PROCESSOR_FEATURES (winhvplatformdefs.h).
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

// The synthetic features as they are passed. Mirrors WHV_SYNTHETIC_PROCESSOR_FEATURES_BANKS (winhvplatformdefs.h).
/// <summary>One bank of synthetic features: <c>WHV_SYNTHETIC_PROCESSOR_FEATURES_BANKS</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSyntheticFeaturesBanks
{
    /// <summary><c>BanksCount</c>: 1.</summary>
    public uint BanksCount;

    internal uint Reserved0;

    /// <summary><c>Bank0</c>.</summary>
    public WhpSyntheticFeatures Bank0;
}

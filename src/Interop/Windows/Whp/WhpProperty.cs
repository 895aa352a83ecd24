// What is set of a partition before it is set up. Mirrors WHV_PARTITION_PROPERTY_CODE (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>A property of a partition: <c>WHV_PARTITION_PROPERTY_CODE</c>.</summary>
internal enum WhpProperty : uint
{
    /// <summary><c>WHvPartitionPropertyCodeExtendedVmExits</c>: <see cref="WhpExtendedExits"/>.</summary>
    ExtendedExits = 1,

    /// <summary><c>WHvPartitionPropertyCodeX64MsrExitBitmap</c>: 64 bits, bit 0 for registers that nobody knows.</summary>
    MsrExitBitmap = 5,

    /// <summary><c>WHvPartitionPropertyCodeLocalApicEmulationMode</c>: 32 bits, 0 none, 1 xAPIC, 2 x2APIC.</summary>
    LocalApicMode = 0x1005,

    /// <summary><c>WHvPartitionPropertyCodeSyntheticProcessorFeaturesBanks</c>: <see cref="WhpSyntheticFeaturesBanks"/>.</summary>
    SyntheticFeatures = 0x100C,

    /// <summary><c>WHvPartitionPropertyCodeProcessorCount</c>: 32 bits.</summary>
    ProcessorCount = 0x1FFF,
}

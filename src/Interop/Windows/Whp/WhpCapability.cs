// What can be asked of the platform. Mirrors WHV_CAPABILITY_CODE (winhvplatformdefs.h).

namespace VmBus.Interop;

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

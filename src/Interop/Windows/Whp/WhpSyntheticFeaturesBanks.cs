// The synthetic features as they are passed. Mirrors WHV_SYNTHETIC_PROCESSOR_FEATURES_BANKS (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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

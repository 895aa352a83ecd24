// What a Windows must have for guests with a SynIC.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Whp;

/// <summary>What a Windows lacks.</summary>
[SupportedOSPlatform("windows")]
internal static class WhpRequirements
{
    internal const WhpExtendedExits Exits = WhpExtendedExits.Hypercall | WhpExtendedExits.Msr;

    internal const WhpSyntheticFeatures Features = WhpSyntheticFeatures.HypervisorPresent | WhpSyntheticFeatures.Hv1
        | WhpSyntheticFeatures.AccessSynic | WhpSyntheticFeatures.AccessHypercalls | WhpSyntheticFeatures.AccessVpIndex
        | WhpSyntheticFeatures.SignalEvents;

    /// <summary>What is missing, each as a sentence that says how to get it where there is a way.</summary>
    /// <returns>Empty when guests can be run.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The platform does not answer at all.</exception>
    public static IReadOnlyList<string> Missing()
    {
        if (!WhpPlatform.IsInstalled)
            return ["WinHvPlatform.dll is missing: turn on the Windows feature \"Windows Hypervisor Platform\" (HypervisorPlatform) and restart."];
        if (WhpPlatform.GetCapability<int>(WhpCapability.HypervisorPresent) is null or 0)
            return ["No hypervisor is running: turn on virtualization in the firmware, and the hypervisor (bcdedit /set hypervisorlaunchtype auto), and restart."];
        var missing = new List<string>();
        var features = WhpPlatform.GetCapability<WhpFeatures>(WhpCapability.Features) ?? WhpFeatures.None;
        if (!features.HasFlag(WhpFeatures.LocalApicEmulation))
            missing.Add("The hypervisor emulates no local APIC, which the SynIC needs.");
        WhpExtendedExits exits = (WhpPlatform.GetCapability<WhpExtendedExits>(WhpCapability.ExtendedExits) ?? WhpExtendedExits.None) & Exits;
        if (exits != Exits)
            missing.Add($"The hypervisor cannot intercept {Exits & ~exits}.");
        WhpSyntheticFeatures synthetic = (WhpPlatform.GetCapability<WhpSyntheticFeaturesBanks>(WhpCapability.SyntheticFeatures) ?? default).Bank0 & Features;
        if (synthetic != Features)
            missing.Add($"The hypervisor offers guests no {Features & ~synthetic}: it needs Windows 10 20H2 or later, or Windows Server 2022.");
        return missing;
    }

    internal static void Check()
    {
        IReadOnlyList<string> missing = Missing();
        if (missing.Count > 0)
            throw new PlatformNotSupportedException($"This Windows cannot run a guest with a SynIC. {string.Join(" ", missing)}");
    }
}

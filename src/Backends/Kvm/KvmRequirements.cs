// What a kernel's KVM must be able to do.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Kvm;

/// <summary>What a KVM lacks.</summary>
[SupportedOSPlatform("linux")]
internal static class KvmRequirements
{
    private static readonly KvmCapability[] Always = [KvmCapability.UserMemory, KvmCapability.ImmediateExit];
    private static readonly KvmCapability[] ForInterrupts = [KvmCapability.IrqChip, KvmCapability.IrqFd, KvmCapability.IrqFdResample];
    private static readonly KvmCapability[] ForHyperv =
        [KvmCapability.Hyperv, KvmCapability.HypervTime, KvmCapability.HypervSynic2, KvmCapability.HypervVpIndex, KvmCapability.HypervCpuid];

    /// <summary>The capabilities that are missing for a guest.</summary>
    internal static IReadOnlyList<KvmCapability> Missing(KvmSystem system, KvmPartitionOptions options)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(options);
        IEnumerable<KvmCapability> wanted = Always;
        if (options.HasInterrupts)
            wanted = wanted.Concat(ForInterrupts);
        if (options.IsHyperv)
            wanted = wanted.Concat(ForHyperv);
        return [.. wanted.Where(capability => system.Check(capability) == 0)];
    }

    internal static void Check(KvmSystem system, KvmPartitionOptions options)
    {
        IReadOnlyList<KvmCapability> missing = Missing(system, options);
        if (missing.Count > 0)
            throw new PlatformNotSupportedException($"The KVM of this kernel lacks features that the guest needs: {string.Join(", ", missing)}.");
        int most = system.Check(KvmCapability.MaxVps);
        if (options.VpCount > Math.Max(most, 1))
            throw new PlatformNotSupportedException($"The KVM of this kernel runs at most {most} VPs, not {options.VpCount}.");
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>A test that runs a guest: skipped, loudly, where there is no KVM, or one that lacks what the guest needs.</summary>
[SupportedOSPlatform("linux")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class KvmFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> NoKvm = new(() => WhyNot(KvmNeeds.OfAnyGuest));
    private static readonly Lazy<string?> NoInterrupts = new(() => WhyNot(KvmNeeds.OfInterrupts));
    private static readonly Lazy<string?> NoHyperv = new(() => WhyNot(KvmNeeds.OfHyperv));

    public KvmFactAttribute(bool interrupts = false, bool hyperv = false, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        Skip = (hyperv ? NoHyperv : interrupts ? NoInterrupts : NoKvm).Value;
    }

    /// <summary>What is missing here for guests that find Hyper-V; <see langword="null"/> when nothing is.</summary>
    public static string? MissingForHyperv => NoHyperv.Value;

    private static string? WhyNot(KvmPartitionOptions options)
    {
        try
        {
            using KvmSystem system = KvmSystem.Open();
            IReadOnlyList<KvmCapability> missing = KvmRequirements.Missing(system, options);
            return missing.Count == 0 ? null : $"NOT RUN: /dev/kvm here lacks {string.Join(", ", missing)}; tests/System/kvm.sh runs this in a machine that has it.";
        }
        catch (ErrnoException error)
        {
            return $"NOT RUN: {error.Message}.";
        }
    }
}

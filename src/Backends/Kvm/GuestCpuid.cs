// What a guest under KVM reads by CPUID: the processor's leaves, and Hyper-V's in place of KVM's own.

using System.Runtime.InteropServices;
using VmBus.Interop;

namespace VmBus.Kvm;

/// <summary>Makes the list of CPUID answers. Facts: TLFS chapter 2; Intel SDM, CPUID.</summary>
internal static class GuestCpuid
{
    private const uint FirstHypervisorLeaf = 0x4000_0000;
    private const uint LastHypervisorLeaf = 0x4000_FFFF;

    // HV_CPUID_VENDOR_AND_MAX_FUNCTIONS to HV_CPUID_IMPLEMENTATION_LIMITS: what every Hyper-V has. The leaves above tell
    // of nested guests and of debuggers.
    private const uint LastOrdinaryLeaf = 0x4000_0005;
    private const uint FeaturesLeaf = 0x4000_0003;
    private const uint RecommendationsLeaf = 0x4000_0004;

    private const uint ReenlightenmentMsrs = 1u << 13;      // of the features' EAX
    private const uint EnlightenedVmcs = 1u << 14;          // of the recommendations' EAX
    private const uint HypervisorPresent = 1u << 31;        // of leaf 1's ECX

    public static KvmCpuidEntry[] Create(ReadOnlySpan<KvmCpuidEntry> processor, ReadOnlySpan<KvmCpuidEntry> hyperv, int vpIndex)
    {
        var leaves = new List<KvmCpuidEntry>();
        foreach (KvmCpuidEntry entry in processor)
        {
            if (entry.Function is < FirstHypervisorLeaf or > LastHypervisorLeaf)
                leaves.Add(entry);
        }
        foreach (ref KvmCpuidEntry leaf in CollectionsMarshal.AsSpan(leaves))
            SetPlace(ref leaf, (uint)vpIndex, isGuest: hyperv.Length > 0);
        foreach (KvmCpuidEntry entry in hyperv)
        {
            if (entry.Function is < FirstHypervisorLeaf or > LastOrdinaryLeaf)
                continue;
            KvmCpuidEntry leaf = entry;
            switch (leaf.Function)
            {
                case FirstHypervisorLeaf:
                    leaf.Eax = LastOrdinaryLeaf;
                    // "Microsoft Hv": guests look for it, whatever the hypervisor is.
                    (leaf.Ebx, leaf.Ecx, leaf.Edx) = (0x7263_694D, 0x666F_736F, 0x7648_2074);
                    break;
                case FeaturesLeaf:
                    leaf.Eax &= ~ReenlightenmentMsrs;
                    break;
                case RecommendationsLeaf:
                    leaf.Eax &= ~EnlightenedVmcs;
                    break;
            }
            leaves.Add(leaf);
        }
        return [.. leaves];
    }

    // Which of the processors this one is. Each VP is a socket of its own, as its APIC id says.
    private static void SetPlace(ref KvmCpuidEntry leaf, uint vpIndex, bool isGuest)
    {
        switch (leaf.Function)
        {
            case 1:
                leaf.Ebx = leaf.Ebx & 0x0000_FFFF | vpIndex << 24 | 1u << 16;
                leaf.Edx &= ~(1u << 28);                    // HTT: several logical processors in a package
                // KVM says so of its own accord; without Hyper-V's leaves there is nothing to be found.
                leaf.Ecx = isGuest ? leaf.Ecx | HypervisorPresent : leaf.Ecx & ~HypervisorPresent;
                break;
            case 4:
                leaf.Eax &= 0x3FFF;                         // one core, one thread shares each cache
                break;
            case 0xB or 0x1F:
                leaf.Eax = 0;
                leaf.Ebx = leaf.Index == 0 ? 1u : 0;
                leaf.Ecx = leaf.Index == 0 ? 1u << 8 : leaf.Index;
                leaf.Edx = vpIndex;
                break;
            case 0x8000_0008:
                leaf.Ecx &= ~0xF0FFu;                       // AMD: one core, no bits of the APIC id name it
                break;
            case 0x8000_001E:
                (leaf.Eax, leaf.Ebx) = (vpIndex, 0);
                break;
        }
    }
}

// What a platform can do beyond running a VP. Mirrors WHV_CAPABILITY_FEATURES (winhvplatformdefs.h).

namespace VmBus.Interop;

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

// The page where a VP's SynIC sets event flags. Mirrors the array of hv_synic_event_flags (Linux), the SIEF page of the TLFS.

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>A SynIC event-flags page (SIEFP): 4096 bytes, one <see cref="SynicEventFlags"/> for each SINT.</summary>
[InlineArray(SynicMsr.SintCount)]
internal struct SynicEventFlagsPage
{
    private SynicEventFlags _sint0;
}

// One SINT's event flags. Mirrors hv_synic_event_flags (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>The event flags of one SINT: <c>hv_synic_event_flags</c>, 256 bytes, 2048 flags, flag n for relid n.</summary>
[InlineArray(WordCount)]
internal struct SynicEventFlags
{
    /// <summary>How many 64-bit words the flags take.</summary>
    public const int WordCount = 32;

    /// <summary>How many flags a SINT has: <c>HV_EVENT_FLAGS_COUNT</c>.</summary>
    public const int FlagCount = WordCount * 64;

    /// <summary>The size of one SINT's flags in bytes.</summary>
    public const int Size = WordCount * sizeof(ulong);

    private ulong _word0;
}

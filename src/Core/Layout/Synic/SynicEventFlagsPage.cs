// The page where a VP's SynIC sets event flags. Mirrors the array of hv_synic_event_flags (Linux), the SIEF page of the TLFS.

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>A SynIC event-flags page (SIEFP): 4096 bytes, one <see cref="SynicEventFlags"/> for each SINT.</summary>
[InlineArray(SynicMsr.SintCount)]
public struct SynicEventFlagsPage
{
    private SynicEventFlags _sint0;
}

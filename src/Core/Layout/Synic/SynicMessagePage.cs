// The page where a VP's SynIC puts messages. Mirrors hv_message_page (Linux), the SIMP page of the TLFS.

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>A SynIC message page (SIMP): 4096 bytes, one <see cref="SynicMessage"/> for each SINT.</summary>
[InlineArray(SynicMsr.SintCount)]
public struct SynicMessagePage
{
    private SynicMessage _sint0;
}

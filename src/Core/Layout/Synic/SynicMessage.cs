// One slot of a SynIC message page. Mirrors hv_message (Linux include/asm-generic/hyperv-tlfs.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>A SynIC message: <c>hv_message</c>, 256 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SynicMessage
{
    /// <summary>The size of a message in bytes.</summary>
    public const int Size = 256;

    /// <summary><c>header</c>.</summary>
    public SynicMessageHeader Header;

    /// <summary><c>u.payload</c>.</summary>
    public SynicMessagePayload Payload;
}

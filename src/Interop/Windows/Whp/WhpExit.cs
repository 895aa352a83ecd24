// What a VP needs when it came back. Mirrors WHV_RUN_VP_EXIT_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>An exit: <c>WHV_RUN_VP_EXIT_CONTEXT</c>, 224 bytes. Which of its parts holds something, the reason says.</summary>
[StructLayout(LayoutKind.Explicit, Size = 224)]
internal struct WhpExit
{
    /// <summary><c>ExitReason</c>.</summary>
    [FieldOffset(0)]
    public WhpExitReason Reason;

    /// <summary><c>VpContext</c>.</summary>
    [FieldOffset(8)]
    public WhpVpState Vp;

    /// <summary><c>MemoryAccess</c>.</summary>
    [FieldOffset(48)]
    public WhpMemoryAccess Memory;

    /// <summary><c>IoPortAccess</c>.</summary>
    [FieldOffset(48)]
    public WhpPortAccess Port;

    /// <summary><c>MsrAccess</c>.</summary>
    [FieldOffset(48)]
    public WhpMsrAccess Msr;

    /// <summary><c>Hypercall</c>.</summary>
    [FieldOffset(48)]
    public WhpHypercall Hypercall;

    /// <summary><c>SynicSintDeliverable</c>.</summary>
    [FieldOffset(48)]
    public WhpSintDeliverable SintDeliverable;
}

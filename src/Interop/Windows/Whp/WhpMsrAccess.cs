// An access to a model-specific register. Mirrors WHV_X64_MSR_ACCESS_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>An access to a register that led to an exit: <c>WHV_X64_MSR_ACCESS_CONTEXT</c>, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpMsrAccess
{
    /// <summary><c>AccessInfo</c>: bit 0 for a write.</summary>
    public uint AccessInfo;

    /// <summary><c>MsrNumber</c>.</summary>
    public uint MsrNumber;

    /// <summary><c>Rax</c>: the low half of what is written, in its low half.</summary>
    public ulong Rax;

    /// <summary><c>Rdx</c>: the high half of what is written, in its low half.</summary>
    public ulong Rdx;

    /// <summary>Whether the guest writes.</summary>
    public readonly bool IsWrite => (AccessInfo & 1) != 0;
}

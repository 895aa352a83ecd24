// A hypercall that the hypervisor leaves to its user. Mirrors WHV_HYPERCALL_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>The registers of a hypercall that led to an exit: <c>WHV_HYPERCALL_CONTEXT</c>, 176 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 176)]
internal struct WhpHypercall
{
    /// <summary><c>Rax</c>.</summary>
    public ulong Rax;

    /// <summary><c>Rbx</c>.</summary>
    public ulong Rbx;

    /// <summary><c>Rcx</c>: the control word in long mode.</summary>
    public ulong Rcx;

    /// <summary><c>Rdx</c>: the input in long mode.</summary>
    public ulong Rdx;

    /// <summary><c>R8</c>: where the output goes in long mode.</summary>
    public ulong R8;

    /// <summary><c>Rsi</c>.</summary>
    public ulong Rsi;

    /// <summary><c>Rdi</c>.</summary>
    public ulong Rdi;

    internal ulong Reserved0;

    // XmmRegisters[6] and Reserved1[2] follow: no call that is answered here takes input in them.
    internal ulong Xmm0Low;
}

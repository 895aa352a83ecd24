// An access to an I/O port. Mirrors WHV_X64_IO_PORT_ACCESS_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A port access that led to an exit: <c>WHV_X64_IO_PORT_ACCESS_CONTEXT</c>, 96 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct WhpPortAccess
{
    internal uint InstructionByteCount;
    internal ulong InstructionBytes0;
    internal ulong InstructionBytes8;

    /// <summary><c>AccessInfo</c>: bit 0 for a write, the size in bits 1 to 3, bit 4 for a string instruction, bit 5 for a repeated one.</summary>
    public uint AccessInfo;

    /// <summary><c>PortNumber</c>.</summary>
    public ushort PortNumber;

    internal ushort Reserved0;
    internal uint Reserved1;

    /// <summary><c>Rax</c>.</summary>
    public ulong Rax;

    /// <summary><c>Rcx</c>.</summary>
    public ulong Rcx;

    /// <summary><c>Rsi</c>.</summary>
    public ulong Rsi;

    /// <summary><c>Rdi</c>.</summary>
    public ulong Rdi;

    /// <summary><c>Ds</c>.</summary>
    public WhpSegment Ds;

    /// <summary><c>Es</c>.</summary>
    public WhpSegment Es;

    /// <summary>Whether the guest writes.</summary>
    public readonly bool IsWrite => (AccessInfo & 1) != 0;

    /// <summary>Bytes: 1, 2 or 4.</summary>
    public readonly int Size => (int)(AccessInfo >> 1 & 7);

    /// <summary>Whether it is a string instruction, which works on memory and can be repeated.</summary>
    public readonly bool IsString => (AccessInfo & 0x10) != 0;
}

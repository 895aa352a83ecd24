// Where a VP stood when it came back. Mirrors WHV_VP_EXIT_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>The state of a VP at an exit: <c>WHV_VP_EXIT_CONTEXT</c>, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpVpState
{
    private const int ProtectedMode = 1 << 2;
    private const int LongMode = 1 << 4;

    /// <summary><c>ExecutionState</c>: privilege level in bits 0 and 1, CR0.PE in bit 2, EFER.LMA in bit 4.</summary>
    public ushort ExecutionState;

    /// <summary><c>InstructionLength</c> in bits 0 to 3, <c>Cr8</c> in bits 4 to 7.</summary>
    public byte InstructionLengthAndCr8;

    internal byte Reserved;

    internal uint Reserved2;

    /// <summary><c>Cs</c>.</summary>
    public WhpSegment Cs;

    /// <summary><c>Rip</c>: the instruction that led to the exit.</summary>
    public ulong Rip;

    /// <summary><c>Rflags</c>.</summary>
    public ulong Rflags;

    /// <summary>The privilege level, 0 to 3.</summary>
    public readonly int PrivilegeLevel => ExecutionState & 3;

    /// <summary>Whether the VP is in long mode, where hypercalls take their input in other registers.</summary>
    public readonly bool IsLongMode => (ExecutionState & (ProtectedMode | LongMode)) == (ProtectedMode | LongMode);

    /// <summary>The length of the instruction in bytes; 0 when it is not known.</summary>
    public readonly int InstructionLength => InstructionLengthAndCr8 & 0xF;
}

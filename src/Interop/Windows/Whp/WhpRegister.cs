// Registers of a VP. Mirrors WHV_REGISTER_NAME (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A register of a VP: <c>WHV_REGISTER_NAME</c>. Only those used here have names; others can be cast.</summary>
internal enum WhpRegister : uint
{
    /// <summary><c>WHvX64RegisterRax</c>.</summary>
    Rax = 0,

    /// <summary><c>WHvX64RegisterRcx</c>.</summary>
    Rcx = 1,

    /// <summary><c>WHvX64RegisterRdx</c>.</summary>
    Rdx = 2,

    /// <summary><c>WHvX64RegisterRbx</c>.</summary>
    Rbx = 3,

    /// <summary><c>WHvX64RegisterRip</c>.</summary>
    Rip = 0x10,

    /// <summary><c>WHvX64RegisterRflags</c>.</summary>
    Rflags = 0x11,

    /// <summary><c>WHvRegisterScontrol</c>: see <c>SynicMsr</c>.</summary>
    Scontrol = 0x4010,

    /// <summary><c>WHvRegisterSiefp</c>.</summary>
    Siefp = 0x4012,

    /// <summary><c>WHvRegisterSimp</c>.</summary>
    Simp = 0x4013,

    /// <summary><c>WHvRegisterPendingEvent</c>: bit 0 pending, type in bits 1 to 3, vector in bits 16 to 31.</summary>
    PendingEvent = 0x8000_0002,

    /// <summary>
    /// <c>WHvX64RegisterDeliverabilityNotifications</c>: bits 48 to 63 ask for an exit when the slot of that SINT is free.
    /// </summary>
    DeliverabilityNotifications = 0x8000_0004,
}

// The value of a register. Mirrors WHV_REGISTER_VALUE (winhvplatformdefs.h).
/// <summary>The value of a register: <c>WHV_REGISTER_VALUE</c>, 16 bytes.</summary>
/// <param name="Low">The low 64 bits: all that most registers have.</param>
/// <param name="High">The high 64 bits.</param>
[StructLayout(LayoutKind.Sequential)]
internal record struct WhpRegisterValue(ulong Low, ulong High = 0);

// A segment register. Mirrors WHV_X64_SEGMENT_REGISTER (winhvplatformdefs.h).
/// <summary>A segment register: <c>WHV_X64_SEGMENT_REGISTER</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSegment
{
    /// <summary><c>Base</c>.</summary>
    public ulong Base;

    /// <summary><c>Limit</c>.</summary>
    public uint Limit;

    /// <summary><c>Selector</c>.</summary>
    public ushort Selector;

    /// <summary><c>Attributes</c>: type 0 to 3, non-system 4, privilege 5 and 6, present 7, long 13, default 14, granularity 15.</summary>
    public ushort Attributes;
}

// Where a VP stood when it came back. Mirrors WHV_VP_EXIT_CONTEXT (winhvplatformdefs.h).
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

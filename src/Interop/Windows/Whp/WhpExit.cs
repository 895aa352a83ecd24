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

// Why a VP came back. Mirrors WHV_RUN_VP_EXIT_REASON (winhvplatformdefs.h).
/// <summary>Why a run of a VP ended: <c>WHV_RUN_VP_EXIT_REASON</c>.</summary>
internal enum WhpExitReason : uint
{
    /// <summary><c>WHvRunVpExitReasonNone</c>.</summary>
    None = 0,

    /// <summary><c>WHvRunVpExitReasonMemoryAccess</c>: <see cref="WhpExit.Memory"/>.</summary>
    Memory = 1,

    /// <summary><c>WHvRunVpExitReasonX64IoPortAccess</c>: <see cref="WhpExit.Port"/>.</summary>
    Port = 2,

    /// <summary><c>WHvRunVpExitReasonUnrecoverableException</c>: a triple fault.</summary>
    UnrecoverableException = 4,

    /// <summary><c>WHvRunVpExitReasonInvalidVpRegisterValue</c>.</summary>
    InvalidRegisterValue = 5,

    /// <summary><c>WHvRunVpExitReasonUnsupportedFeature</c>.</summary>
    UnsupportedFeature = 6,

    /// <summary><c>WHvRunVpExitReasonX64InterruptWindow</c>.</summary>
    InterruptWindow = 7,

    /// <summary><c>WHvRunVpExitReasonX64Halt</c>: only where the local APIC is not the hypervisor's.</summary>
    Halt = 8,

    /// <summary><c>WHvRunVpExitReasonX64ApicEoi</c>.</summary>
    ApicEoi = 9,

    /// <summary><c>WHvRunVpExitReasonSynicSintDeliverable</c>: <see cref="WhpExit.SintDeliverable"/>.</summary>
    SintDeliverable = 0xA,

    /// <summary><c>WHvRunVpExitReasonX64MsrAccess</c>: <see cref="WhpExit.Msr"/>.</summary>
    Msr = 0x1000,

    /// <summary><c>WHvRunVpExitReasonX64Cpuid</c>.</summary>
    Cpuid = 0x1001,

    /// <summary><c>WHvRunVpExitReasonException</c>.</summary>
    Exception = 0x1002,

    /// <summary><c>WHvRunVpExitReasonHypercall</c>: <see cref="WhpExit.Hypercall"/>.</summary>
    Hypercall = 0x1005,

    /// <summary><c>WHvRunVpExitReasonCanceled</c>: <see cref="WhpVp.Cancel"/> was called.</summary>
    Canceled = 0x2001,
}

// An access to an address without memory. Mirrors WHV_MEMORY_ACCESS_CONTEXT (winhvplatformdefs.h).
/// <summary>A memory access that led to an exit: <c>WHV_MEMORY_ACCESS_CONTEXT</c>, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct WhpMemoryAccess
{
    internal uint InstructionByteCount;
    internal ulong InstructionBytes0;
    internal ulong InstructionBytes8;

    /// <summary><c>AccessInfo</c>: 0 read, 1 write, 2 execute in bits 0 and 1; bit 2 for an address that is not mapped.</summary>
    public uint AccessInfo;

    /// <summary><c>Gpa</c>: the guest physical address.</summary>
    public ulong Gpa;

    /// <summary><c>Gva</c>: the guest virtual address, valid when bit 3 of <see cref="AccessInfo"/> is set.</summary>
    public ulong Gva;
}

// An access to an I/O port. Mirrors WHV_X64_IO_PORT_ACCESS_CONTEXT (winhvplatformdefs.h).
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

// An access to a model-specific register. Mirrors WHV_X64_MSR_ACCESS_CONTEXT (winhvplatformdefs.h).
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

// A hypercall that the hypervisor leaves to its user. Mirrors WHV_HYPERCALL_CONTEXT (winhvplatformdefs.h).
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

// Which message slots are free again. Mirrors WHV_SYNIC_SINT_DELIVERABLE_CONTEXT (winhvplatformdefs.h).
/// <summary>SINTs whose message slot was full and is free: <c>WHV_SYNIC_SINT_DELIVERABLE_CONTEXT</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSintDeliverable
{
    /// <summary><c>DeliverableSints</c>: a bit for each SINT.</summary>
    public ushort DeliverableSints;

    internal ushort Reserved1;
    internal uint Reserved2;
}

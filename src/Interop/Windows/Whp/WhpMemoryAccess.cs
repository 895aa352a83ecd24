// An access to an address without memory. Mirrors WHV_MEMORY_ACCESS_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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

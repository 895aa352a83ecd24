// A segment register. Mirrors WHV_X64_SEGMENT_REGISTER (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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

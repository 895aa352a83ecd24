// An event flag of a VP. Mirrors WHV_SYNIC_EVENT_PARAMETERS (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>An event flag: <c>WHV_SYNIC_EVENT_PARAMETERS</c>, 8 bytes, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSynicEvent
{
    /// <summary><c>VpIndex</c>.</summary>
    public uint VpIndex;

    /// <summary><c>TargetSint</c>: 0 to 15.</summary>
    public byte TargetSint;

    /// <summary>Reserved in the header of mingw-w64 10, the trust level in later ones: 0.</summary>
    internal byte Reserved;

    /// <summary><c>FlagNumber</c>: 0 to 2047.</summary>
    public ushort FlagNumber;
}

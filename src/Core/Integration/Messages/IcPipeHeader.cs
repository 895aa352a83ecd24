// What comes before an integration component's message. Mirrors vmbuspipe_hdr (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The pipe header of an integration component's packet: <c>vmbuspipe_hdr</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcPipeHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>flags</c>.</summary>
    public uint Flags;

    /// <summary><c>msgsize</c>: the length of what follows, in bytes.</summary>
    public uint MessageLength;
}

// The versions an integration component offers. Mirrors icmsg_negotiate (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The head of a <see cref="IcMessageType.Negotiate"/> message: <c>icmsg_negotiate</c>, 8 bytes. The framework's
/// versions follow, then the messages', each an <see cref="IcVersion"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcMessageNegotiate
{
    /// <summary>The size of the head in bytes, versions not counted.</summary>
    public const int Size = 8;

    /// <summary><c>icframe_vercnt</c>: how many framework versions follow.</summary>
    public ushort FrameworkVersionCount;

    /// <summary><c>icmsg_vercnt</c>: how many message versions follow those.</summary>
    public ushort MessageVersionCount;

    /// <summary>Zero.</summary>
    public uint Reserved;
}

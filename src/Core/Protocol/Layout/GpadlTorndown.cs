// The host has let go of a GPADL. Mirrors vmbus_channel_gpadl_torndown (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_GPADL_TORNDOWN</c> (12), host to guest: the answer to <see cref="GpadlTeardown"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlTorndown
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlTorndown;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>gpadl</c>: the handle, free again.</summary>
    public uint Gpadl;
}

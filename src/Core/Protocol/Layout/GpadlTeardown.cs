// The guest wants its memory back. Mirrors vmbus_channel_gpadl_teardown (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_GPADL_TEARDOWN</c> (11), guest to host: answered with <see cref="GpadlTorndown"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlTeardown
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlTeardown;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>gpadl</c>: the handle.</summary>
    public uint Gpadl;
}

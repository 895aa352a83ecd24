// The host has taken a GPADL, or not. Mirrors vmbus_channel_gpadl_created (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_GPADL_CREATED</c> (10), host to guest: the answer to <see cref="GpadlHeader"/> and its bodies.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlCreated
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlCreated;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>gpadl</c>: the handle, as in the request.</summary>
    public uint Gpadl;

    /// <summary><c>creation_status</c>: 0 when the host has it.</summary>
    public ChannelMessageStatus Status;
}

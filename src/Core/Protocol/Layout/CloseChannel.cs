// The guest closes a channel. Mirrors vmbus_channel_close_channel (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_CLOSECHANNEL</c> (7), guest to host: never answered.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloseChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.CloseChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;
}

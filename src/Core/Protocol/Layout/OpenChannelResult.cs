// The host has opened a channel, or not. Mirrors vmbus_channel_open_result (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_OPENCHANNEL_RESULT</c> (6), host to guest: the answer to <see cref="OpenChannel"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenChannelResult
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenChannelResult;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>openid</c>: as in the request.</summary>
    public uint OpenId;

    /// <summary><c>status</c>: 0 when the channel is open.</summary>
    public ChannelMessageStatus Status;
}

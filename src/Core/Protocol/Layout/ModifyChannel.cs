// The guest moves a channel's interrupt. Mirrors vmbus_channel_modifychannel (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_MODIFYCHANNEL</c> (22), guest to host, from protocol 4.1 on: answered with
/// <see cref="ModifyChannelResponse"/> from 5.3 on.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModifyChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.ModifyChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>target_vp</c>: the VP to interrupt from now on.</summary>
    public uint TargetVp;
}

// The host has moved a channel's interrupt. Mirrors vmbus_channel_modifychannel_response (Linux
// include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_MODIFYCHANNEL_RESPONSE</c> (24), host to guest, from protocol 5.3 on: no interrupt goes to the old VP
/// after it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModifyChannelResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.ModifyChannelResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>status</c>: 0 when it was moved.</summary>
    public ChannelMessageStatus Status;
}

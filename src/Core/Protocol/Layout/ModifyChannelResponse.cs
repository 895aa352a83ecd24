// The host has moved a channel's interrupt. Mirrors vmbus_channel_modifychannel_response (Linux
// include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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

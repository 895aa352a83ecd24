// The host takes a channel back. Mirrors vmbus_channel_rescind_offer (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_RESCIND_CHANNELOFFER</c> (2), host to guest: the channel is going away; answered with
/// <see cref="RelidReleased"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RescindOffer
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.RescindOffer;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;
}

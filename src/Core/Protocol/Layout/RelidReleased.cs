// The guest has let go of a rescinded channel. Mirrors vmbus_channel_relid_released (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_RELID_RELEASED</c> (13), guest to host: the answer to <see cref="RescindOffer"/>; the relid may be
/// given to another channel.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RelidReleased
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.RelidReleased;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;
}

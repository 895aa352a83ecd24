// The host tells the guest of a channel. Mirrors vmbus_channel_offer_channel (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_OFFERCHANNEL</c> (1), host to guest: a channel the guest may open. Before protocol 1.1 the message
/// ends after <see cref="MonitorFlags"/>; do not read further fields then.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct OfferChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OfferChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 196;

    /// <summary>Bit 0 of <see cref="MonitorFlags"/>: the channel has a monitor.</summary>
    public const byte MonitorAllocatedBit = 1;

    /// <summary>Bit 0 of <see cref="InterruptFlags"/>: the channel is signalled without the interrupt page.</summary>
    public const ushort DedicatedInterruptBit = 1;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>offer</c>: what the channel is for.</summary>
    public ChannelOffer Offer;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>monitorid</c>: the channel's monitor, 0 to 127, when <see cref="IsMonitorAllocated"/>.</summary>
    public byte MonitorId;

    /// <summary><c>monitor_allocated</c>: see <see cref="MonitorAllocatedBit"/>.</summary>
    public byte MonitorFlags;

    /// <summary><c>is_dedicated_interrupt</c>: see <see cref="DedicatedInterruptBit"/>.</summary>
    public ushort InterruptFlags;

    /// <summary><c>connection_id</c>: the connection to signal with HvCallSignalEvent.</summary>
    public uint ConnectionId;

    /// <summary>Whether the channel has a monitor, <see cref="MonitorId"/>.</summary>
    public readonly bool IsMonitorAllocated => (MonitorFlags & MonitorAllocatedBit) != 0;

    /// <summary>Whether the channel is signalled without the interrupt page.</summary>
    public readonly bool IsDedicatedInterrupt => (InterruptFlags & DedicatedInterruptBit) != 0;
}

// The guest asks what there is. Mirrors CHANNELMSG_REQUESTOFFERS (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_REQUESTOFFERS</c> (3), guest to host: answered with <see cref="OfferChannel"/> messages and one
/// <see cref="AllOffersDelivered"/>. No body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RequestOffers
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.RequestOffers;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}

// The host has offered every channel it had. Mirrors CHANNELMSG_ALLOFFERS_DELIVERED (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_ALLOFFERS_DELIVERED</c> (4), host to guest: the answer to <see cref="RequestOffers"/> is complete. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AllOffersDelivered
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.AllOffersDelivered;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}

// The host takes a channel back. Mirrors vmbus_channel_rescind_offer (Linux include/linux/hyperv.h).
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

// The guest has released a rescinded channel. Mirrors vmbus_channel_relid_released (Linux include/linux/hyperv.h).
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

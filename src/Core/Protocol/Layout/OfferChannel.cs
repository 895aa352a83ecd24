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

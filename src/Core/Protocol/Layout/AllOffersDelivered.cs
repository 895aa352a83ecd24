// The host has offered every channel it had. Mirrors CHANNELMSG_ALLOFFERS_DELIVERED (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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

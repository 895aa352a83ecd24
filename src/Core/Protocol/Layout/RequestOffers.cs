// The guest asks what there is. Mirrors CHANNELMSG_REQUESTOFFERS (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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

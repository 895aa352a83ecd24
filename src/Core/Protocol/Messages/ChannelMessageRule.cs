// What the protocol says of one channel message before its fields are looked at. What the channel message table is to
// Linux (drivers/hv/channel_mgmt.c).

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>The rule of one channel message.</summary>
/// <param name="Type">Its number.</param>
/// <param name="Direction">Which way it goes.</param>
/// <param name="Since">The first version that has it.</param>
/// <param name="Features">The features it belongs to; all of them must be negotiated.</param>
/// <param name="Size">The bytes it has at the least, header included, in the first version that has it.</param>
/// <param name="AnyTime">Whether it may come before a version is negotiated.</param>
/// <param name="OutlivesConnection">
/// Whether it may also come while there is no connection: about what outlives one, or said too late. In a connection it is
/// bound to the version like any other.
/// </param>
internal sealed record ChannelMessageRule(
    ChannelMessageType Type, MessageDirection Direction, ProtocolVersion Since, FeatureFlags Features, int Size, bool AnyTime, bool OutlivesConnection = false)
{
    /// <summary>The bytes the message has at the least in a connection, header included.</summary>
    /// <returns>The length. A longer message is a newer one, whose end is not looked at.</returns>
    /// <remarks>
    /// A socket request has no silo at any version when Linux sends it (struct vmbus_channel_tl_connect_request, 40 bytes), so
    /// the silo is no part of the least.
    /// </remarks>
    public int MinimumLength(NegotiatedVersion negotiated) => Type switch
    {
        ChannelMessageType.OfferChannel when negotiated.Version >= ProtocolVersion.Win7 => OfferChannel.Size,
        ChannelMessageType.OpenChannel when negotiated.HasOpenParameters => OpenChannel2.Size,
        _ => Size,
    };
}

using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Messages;

/// <summary>Each message, cut at each length, in each version, from each side.</summary>
public sealed class ChannelMessageTests
{
    private static readonly FeatureFlags[] FeatureSets =
        [FeatureFlags.None, FeatureFlags.ModifyConnection, FeatureFlags.PauseResume, FeatureFlags.GuestSpecifiedSignalParameters, (FeatureFlags)0xFF];

    // The lengths, from the wire formats: version and features that first have them.
    private static int Whole(ChannelMessageType type, ProtocolVersion version, FeatureFlags features) => type switch
    {
        ChannelMessageType.OfferChannel => version > ProtocolVersion.Ws2008 ? 196 : 190,
        ChannelMessageType.RescindOffer or ChannelMessageType.GpadlTorndown or ChannelMessageType.CloseChannel => 12,
        ChannelMessageType.RelidReleased or ChannelMessageType.CloseReservedChannelResponse => 12,
        ChannelMessageType.RequestOffers or ChannelMessageType.AllOffersDelivered or ChannelMessageType.Unload => 8,
        ChannelMessageType.UnloadResponse or ChannelMessageType.Pause or ChannelMessageType.PauseResponse or ChannelMessageType.Resume => 8,
        ChannelMessageType.OpenChannel => ((uint)features & 3) != 0 ? 156 : 148,
        ChannelMessageType.OpenChannelResult or ChannelMessageType.GpadlHeader or ChannelMessageType.GpadlCreated => 20,
        ChannelMessageType.GpadlBody or ChannelMessageType.GpadlTeardown => 16,
        ChannelMessageType.CloseReservedChannel => 20,
        ChannelMessageType.ModifyChannel or ChannelMessageType.ModifyChannelResponse => 16,
        ChannelMessageType.InitiateContact => 40,
        ChannelMessageType.VersionResponse => 10,
        ChannelMessageType.OpenReservedChannel => 28,
        ChannelMessageType.TlConnectRequest => 40,
        ChannelMessageType.TlConnectResult => 44,
        ChannelMessageType.ModifyConnection => 24,
        ChannelMessageType.ModifyConnectionResponse => 9,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static MessageFault Allowed(ChannelMessageType type, ProtocolVersion version, FeatureFlags features)
    {
        if (type is ChannelMessageType.InitiateContact or ChannelMessageType.VersionResponse or ChannelMessageType.Unload or ChannelMessageType.UnloadResponse)
            return MessageFault.None;
        // Relids are released after the unload; reserved channels outlive it.
        if (version == default)
            return type is ChannelMessageType.RelidReleased or ChannelMessageType.CloseReservedChannel or ChannelMessageType.CloseReservedChannelResponse ? MessageFault.None : MessageFault.NotConnected;
        ProtocolVersion since = (int)type switch
        {
            <= 16 => new(0, 13),
            >= 18 and <= 21 => new(4, 0),
            22 or 23 => new(4, 1),
            24 => new(5, 3),
            _ => new(6, 0),
        };
        if (version < since)
            return MessageFault.NotInVersion;
        FeatureFlags needed = (int)type switch { 25 or 26 => FeatureFlags.ModifyConnection, >= 27 => FeatureFlags.PauseResume, _ => FeatureFlags.None };
        return (features & needed) != needed ? MessageFault.FeatureNotNegotiated : MessageFault.None;
    }

    private static bool IsFromHost(ChannelMessageType type) => (int)type is 1 or 2 or 4 or 6 or 10 or 12 or 15 or 17 or 20 or 23 or 24 or 26 or 28;

    [Fact]
    public void Every_message_cut_at_every_length_in_every_version_from_either_side_answers_as_stated()
    {
        int cases = 0;
        foreach (ProtocolVersion version in ProtocolVersion.Known.Append(default))
        {
            foreach (FeatureFlags features in version >= ProtocolVersion.Copper ? FeatureSets : [FeatureFlags.None])
            {
                var negotiated = new NegotiatedVersion(version, features);
                for (uint number = 0; number <= 31; number++)
                {
                    var type = (ChannelMessageType)number;
                    byte[] bytes = ChannelMessages.ToBytes(type, default(LongestMessage));
                    foreach (MessageDirection direction in Enum.GetValues<MessageDirection>())
                    {
                        for (int length = 0; length <= bytes.Length; length++, cases++)
                            Expect(bytes.AsSpan(0, length), direction, negotiated, type);
                    }
                }
            }
        }

        Assert.True(cases > 200_000, $"only {cases} cases");
    }

    private static void Expect(ReadOnlySpan<byte> message, MessageDirection direction, NegotiatedVersion negotiated, ChannelMessageType type)
    {
        MessageFault fault = ChannelMessages.Check(message, direction, negotiated, out ChannelMessageType seen);
        MessageFault expected =
            message.Length < 8 ? MessageFault.TooShort
            : message.Length > 240 ? MessageFault.TooLong
            : (int)type is 0 or > 29 ? MessageFault.UnknownType
            : IsFromHost(type) != (direction == MessageDirection.HostToGuest) ? MessageFault.WrongDirection
            : Allowed(type, negotiated.Version, negotiated.Features) is not MessageFault.None and var forbidden ? forbidden
            : message.Length < Whole(type, negotiated.Version, negotiated.Features) ? MessageFault.TooShort
            : MessageFault.None;
        if (fault != expected || seen != (message.Length < 8 ? ChannelMessageType.Invalid : type))
            Assert.Fail($"{type} of {message.Length} bytes, {direction}, version {negotiated}: {fault} ({seen}) instead of {expected}.");
    }

    [Fact]
    public void What_an_older_version_leaves_out_reads_as_zeros()
    {
        var offer = new OfferChannel { ChildRelid = 7, MonitorFlags = 1, InterruptFlags = 1, ConnectionId = 9 };
        byte[] bytes = ChannelMessages.ToBytes(ChannelMessageType.OfferChannel, offer, ChannelMessages.FirstOfferSize);
        Assert.Equal(190, bytes.Length);
        OfferChannel read = ChannelMessages.Read<OfferChannel>(bytes);
        Assert.Equal(ChannelMessageType.OfferChannel, read.Header.MessageType);
        Assert.Equal((7u, true, false, 0u), (read.ChildRelid, read.IsMonitorAllocated, read.IsDedicatedInterrupt, read.ConnectionId));
    }

    [System.Runtime.CompilerServices.InlineArray(241)]
    private struct LongestMessage
    {
        private byte _byte0;
    }
}

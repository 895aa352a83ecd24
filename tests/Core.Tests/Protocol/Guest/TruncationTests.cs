using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>Each message of a host, cut at each length, in each version, in each condition of the guest.</summary>
public sealed class TruncationTests
{
    private const FeatureFlags Features = FeatureFlags.PauseResume | FeatureFlags.ModifyConnection;
    private const uint First = GuestProtocol.FirstGpadl;

    private static readonly ChannelMessageType[] AnyTimeConnected = [ChannelMessageType.OfferChannel, ChannelMessageType.RescindOffer];

    /// <summary>How the guest comes into the condition, and which messages it takes in it. Nothing, where the version knows no such condition.</summary>
    private static readonly (string Name, Func<ProtocolVersion, ScriptedHost?> Make, ChannelMessageType[] Taken)[] Conditions =
    [
        ("disconnected", version => new ScriptedHost(), []),
        ("negotiating", Negotiating, [ChannelMessageType.VersionResponse]),
        ("connected", Connected, [.. AnyTimeConnected, ChannelMessageType.AllOffersDelivered, ChannelMessageType.TlConnectResult, ChannelMessageType.ModifyConnectionResponse]),
        ("channel opening", Opening, [.. AnyTimeConnected, ChannelMessageType.OpenChannelResult, ChannelMessageType.GpadlCreated]),
        ("channel open", Open, [.. AnyTimeConnected, ChannelMessageType.GpadlTorndown, ChannelMessageType.ModifyChannelResponse]),
        ("channel rescinded", Rescinded, [ChannelMessageType.OfferChannel, ChannelMessageType.GpadlCreated]),
        ("reserved channel closing", ReservedClosing, [.. AnyTimeConnected, ChannelMessageType.CloseReservedChannelResponse]),
        ("pausing", Pausing, [.. AnyTimeConnected, ChannelMessageType.PauseResponse]),
        ("paused", Paused, []),
        ("unloading", Unloading, [ChannelMessageType.UnloadResponse]),
    ];

    [Fact]
    public void Every_message_cut_at_every_length_in_every_version_in_every_condition_answers_as_stated()
    {
        int cases = 0, taken = 0;
        foreach ((string name, Func<ProtocolVersion, ScriptedHost?> make, ChannelMessageType[] takes) in Conditions)
        {
            foreach (ProtocolVersion version in ProtocolVersion.Known)
            {
                if (make(version) is not { } host)
                    continue;
                string before = Snapshot.Of(host.Guest);
                for (uint number = 0; number <= 31; number++)
                {
                    byte[] message = MessageOf((ChannelMessageType)number);
                    for (int length = 0; length <= message.Length; length++, cases++)
                    {
                        var bytes = message.AsSpan(0, length);
                        MessageFault allowed = Allowed(host.Guest, version, bytes);
                        long faults = host.Guest.Faults.Total;
                        MessageFault fault = host.Guest.Receive(bytes);
                        string at = $"{(ChannelMessageType)number} of {length} bytes, {version}, {name}: {fault}";
                        if (fault == MessageFault.None)
                        {
                            Assert.True(allowed == MessageFault.None && takes.Contains((ChannelMessageType)number), at);
                            Assert.True(Snapshot.Of(host.Guest) != before, at);
                            Assert.True(host.Guest.Faults.Total == faults, at);
                            host = make(version)!;
                            taken++;
                            continue;
                        }
                        if (allowed != MessageFault.None)
                            Assert.True(fault == allowed, at);
                        else
                            Assert.True(fault is MessageFault.WrongState or MessageFault.UnknownTarget && !takes.Contains((ChannelMessageType)number), at);
                        Assert.True(host.Guest.Faults.Total == faults + 1, at);
                        if (Snapshot.Of(host.Guest) != before)
                            Assert.Fail($"{at}: {Snapshot.Of(host.Guest)} instead of {before}");
                    }
                }
            }
        }
        Assert.True(cases > 600_000 && taken > 10_000, $"{cases} cases, {taken} taken");
    }

    // What the layers below say, and the one length that depends on what was proposed.
    private static MessageFault Allowed(GuestProtocol guest, ProtocolVersion version, ReadOnlySpan<byte> message)
    {
        MessageFault fault = ChannelMessages.Check(message, MessageDirection.HostToGuest, guest.Negotiated, out ChannelMessageType type);
        bool needsConnectionId = type == ChannelMessageType.VersionResponse && guest.State == GuestConnectionState.Negotiating && version >= ProtocolVersion.Win10Rs3V2;
        return fault == MessageFault.None && needsConnectionId && message.Length < VersionResponse.Size ? MessageFault.TooShort : fault;
    }

    private static byte[] MessageOf(ChannelMessageType type)
    {
        byte[] message = type switch
        {
            ChannelMessageType.OfferChannel => ScriptedHost.OfferBytes(9),
            ChannelMessageType.RescindOffer => ChannelMessages.ToBytes(type, new RescindOffer { ChildRelid = 3 }),
            ChannelMessageType.OpenChannelResult => ChannelMessages.ToBytes(type, new OpenChannelResult { ChildRelid = 3, OpenId = 3 }),
            ChannelMessageType.GpadlCreated => ChannelMessages.ToBytes(type, new GpadlCreated { ChildRelid = 3, Gpadl = First + 1 }),
            ChannelMessageType.GpadlTorndown => ChannelMessages.ToBytes(type, new GpadlTorndown { Gpadl = First + 1 }),
            ChannelMessageType.VersionResponse => ChannelMessages.ToBytes(type, new VersionResponse { VersionSupported = 1, ConnectionId = 7 }),
            ChannelMessageType.CloseReservedChannelResponse => ChannelMessages.ToBytes(type, new CloseReservedChannelResponse { ChildRelid = 3 }),
            ChannelMessageType.TlConnectResult => ChannelMessages.ToBytes(type, new TlConnectResult { Status = ChannelMessageStatus.ConnectionRefused }),
            ChannelMessageType.ModifyChannelResponse => ChannelMessages.ToBytes(type, new ModifyChannelResponse { ChildRelid = 3 }),
            _ => ChannelMessages.ToBytes(type),
        };
        Array.Resize(ref message, ChannelMessages.MaxLength + 1);
        return message;
    }

    private static ScriptedHost Negotiating(ProtocolVersion version)
    {
        var host = new ScriptedHost(new GuestProtocolOptions { Versions = [version], Features = Features });
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        return host;
    }

    private static ScriptedHost Connected(ProtocolVersion version)
    {
        ScriptedHost host = Offered(version);
        host.Guest.RequestOffers();
        if (host.Guest.Negotiated.HasTransportConnect)
            host.Guest.ConnectTransport(Guid.Empty, Guid.Empty, Guid.Empty);
        if (host.Guest.Negotiated.Has(FeatureFlags.ModifyConnection))
            host.Guest.ModifyConnection(0x9000, 0xA000);
        return host;
    }

    private static ScriptedHost Opening(ProtocolVersion version)
    {
        ScriptedHost host = Offered(version);
        host.Guest.Open(3, new GuestOpenRequest { Gpadl = First, DownstreamPageOffset = 2 });
        host.Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        return host;
    }

    private static ScriptedHost Open(ProtocolVersion version)
    {
        ScriptedHost host = Opening(version);
        host.Opened(3);
        host.Created(3, First + 1);
        host.Guest.TeardownGpadl(First + 1);
        if (host.Guest.Negotiated.AnswersModifyChannel)
            host.Guest.ModifyChannel(3, 1);
        return host;
    }

    private static ScriptedHost Rescinded(ProtocolVersion version)
    {
        ScriptedHost host = Opening(version);
        host.Rescind(3);
        return host;
    }

    private static ScriptedHost? ReservedClosing(ProtocolVersion version)
    {
        if (version < ProtocolVersion.Win10)
            return null;
        ScriptedHost host = Offered(version);
        host.Guest.OpenReserved(3, 0, 2, First, 2);
        host.Opened(3, openId: 0);
        host.Guest.CloseReserved(3, 0, 2);
        return host;
    }

    private static ScriptedHost? Pausing(ProtocolVersion version)
    {
        if (version < ProtocolVersion.Copper)
            return null;
        ScriptedHost host = Offered(version);
        host.Guest.Pause();
        host.Posted(ChannelMessageType.Pause);
        return host;
    }

    private static ScriptedHost? Paused(ProtocolVersion version)
    {
        ScriptedHost? host = Pausing(version);
        host?.Send(ChannelMessageType.PauseResponse);
        return host;
    }

    private static ScriptedHost? Unloading(ProtocolVersion version)
    {
        if (version < ProtocolVersion.Win7)
            return null;
        ScriptedHost host = Offered(version);
        host.Guest.Unload();
        return host;
    }

    private static ScriptedHost Offered(ProtocolVersion version)
    {
        ScriptedHost host = ScriptedHost.Connected(version, Features);
        host.OfferWithGpadl(3);
        return host;
    }
}

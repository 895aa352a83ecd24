using System.Buffers.Binary;
using VmBus.Core.Tests.Protocol.Guest;
using VmBus.Core.Tests.Protocol.Host;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.SavedState;

/// <summary>
/// States of connections, each under every version and every feature: a state is restored where its version has what it says,
/// and refused elsewhere. The versions are those of docs/protocol.md.
/// </summary>
public sealed class VersionedStateTests
{
    private const FeatureFlags All = (FeatureFlags)0xFF;

    private static readonly HostProtocolOptions HostOptions = new() { Features = All };
    private static readonly GuestProtocolOptions GuestOptions = new() { Features = All };

    // What a state needs: the first version, the version that has it no more, and features of 6.0.
    private sealed record Need(ProtocolVersion Since, FeatureFlags Features = FeatureFlags.None, ProtocolVersion Before = default)
    {
        public bool Allows(NegotiatedVersion version) =>
            version.Version >= Since && (Before == default || version.Version < Before) && version.Has(Features);
    }

    private static readonly Need Anything = new(ProtocolVersion.Ws2008);

    private static readonly Dictionary<string, (Action<ScriptedGuest> Make, Need Need)> HostStates = new()
    {
        ["a channel on offer"] = (guest => { guest.Offer(); guest.Connected(features: FeatureFlags.ModifyConnection); }, Anything),
        ["a channel open on VP 0"] = (guest => guest.Opened(vp: 0), Anything),
        ["a channel open on VP 1"] = (guest => guest.Opened(vp: 1), new(ProtocolVersion.Win8)),
        ["a channel open without interrupts"] = (guest => guest.Opened(vp: uint.MaxValue), new(ProtocolVersion.Win8)),
        ["a channel open by a connection of its choice"] = (guest => Open(guest, connectionId: 0x77), new(ProtocolVersion.Copper, FeatureFlags.GuestSpecifiedSignalParameters)),
        ["a channel open by a flag of its choice"] = (guest => Open(guest, eventFlag: 9), new(ProtocolVersion.Copper, FeatureFlags.GuestSpecifiedSignalParameters)),
        ["a channel open with its interrupts redirected"] = (guest => Open(guest, flags: OpenChannelFlags.RedirectInterrupt), new(ProtocolVersion.Copper, FeatureFlags.ChannelInterruptRedirection)),
        ["a channel to be opened again by a flag of its choice"] = (guest =>
        {
            guest.Opened(vp: 0);
            guest.SendClose();
            Assert.Equal(MessageFault.None, guest.SendOpen(vp: 0, openId: 8, eventFlag: 9));
        }, new(ProtocolVersion.Copper, FeatureFlags.GuestSpecifiedSignalParameters)),
        ["a channel that moves to a VP"] = (guest =>
        {
            guest.Opened(vp: 0);
            Assert.Equal(MessageFault.None, guest.SendModify(0));
        }, new(ProtocolVersion.Win10Rs3)),
        ["an answer to a move"] = (guest =>
        {
            OfferId offer = guest.Opened(vp: 0);
            guest.SendModify(0);
            guest.Actions();
            guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        }, new(ProtocolVersion.Iron)),
        ["messages to VP 1"] = (guest => Contact(guest, vp: 1), new(ProtocolVersion.Win81)),
        ["an interrupt page"] = (guest => guest.Connected(ProtocolVersion.Win10Rs3), new(ProtocolVersion.Ws2008, Before: ProtocolVersion.Win10Rs3V2)),
        ["a client's name"] = (guest => Contact(guest, clientId: Guid.NewGuid()), new(ProtocolVersion.Copper, FeatureFlags.ClientId)),
        ["monitor pages of the host"] = (guest => guest.Connected(features: FeatureFlags.ServerSpecifiedMonitorPages), new(ProtocolVersion.Copper, FeatureFlags.ServerSpecifiedMonitorPages)),
        ["a move of the monitor pages"] = (guest => Move(guest), new(ProtocolVersion.Copper, FeatureFlags.ModifyConnection)),
        ["monitor pages that were moved"] = (guest =>
        {
            Move(guest);
            guest.Actions();
            guest.Host.CompleteModifyConnection(ConnectionState.Successful);
            guest.Posts();
        }, new(ProtocolVersion.Copper, FeatureFlags.ModifyConnection)),
        ["an answer to a move of the monitor pages"] = (guest =>
        {
            Move(guest);
            guest.Actions();
            guest.Host.CompleteModifyConnection(ConnectionState.FailedUnknown);
        }, new(ProtocolVersion.Copper, FeatureFlags.ModifyConnection)),
        ["a pause"] = (guest =>
        {
            guest.Connected(features: All & ~FeatureFlags.ServerSpecifiedMonitorPages & ~FeatureFlags.ClientId);
            guest.Send(ChannelMessageType.Pause);
            guest.Posts();
        }, new(ProtocolVersion.Copper, FeatureFlags.PauseResume)),
        ["an answer to a pause that is over"] = (guest =>
        {
            guest.Connected(features: All & ~FeatureFlags.ServerSpecifiedMonitorPages & ~FeatureFlags.ClientId);
            guest.Send(ChannelMessageType.Pause);
            guest.Send(ChannelMessageType.Resume);
        }, new(ProtocolVersion.Copper, FeatureFlags.PauseResume)),
        ["a socket channel asked for"] = (guest => AskForSocket(guest, Guid.Empty), new(ProtocolVersion.Win10)),
        ["a socket channel of a silo asked for"] = (guest => AskForSocket(guest, Guid.NewGuid()), new(ProtocolVersion.Win10Rs5)),
        ["a socket channel refused"] = (guest =>
        {
            AskForSocket(guest, Guid.Empty);
            guest.Host.CompleteTransportConnect(Guid.Empty, Guid.Empty, ChannelMessageStatus.ConnectionRefused);
        }, new(ProtocolVersion.Win10Rs3)),
    };

    // Each state of a contact that waits until devices have let go of the connection before.
    private static readonly Dictionary<string, (Action<ScriptedGuest> Make, Need Need)> WaitingContacts = new()
    {
        ["nothing of its own"] = (guest => guest.Contact(ProtocolVersion.Copper, FeatureFlags.ModifyConnection), Anything),
        ["messages to VP 1"] = (guest => guest.Contact(ProtocolVersion.Copper, FeatureFlags.ModifyConnection, vp: 1), new(ProtocolVersion.Win81)),
        ["an interrupt page"] = (guest => guest.Contact(ProtocolVersion.Win10Rs3), new(ProtocolVersion.Ws2008, Before: ProtocolVersion.Win10Rs3V2)),
        ["a client's name"] = (guest => guest.Contact(ProtocolVersion.Copper, FeatureFlags.ClientId, clientId: Guid.NewGuid()), new(ProtocolVersion.Copper, FeatureFlags.ClientId)),
    };

    private static readonly Dictionary<string, (Action<ScriptedHost> Make, Need Need)> GuestStates = new()
    {
        ["a channel open"] = (host => host.Open(3), Anything),
        ["offers asked for"] = (host => host.Guest.RequestOffers(), Anything),
        ["a channel being opened"] = (host =>
        {
            host.Guest.Open(3, new GuestOpenRequest { Gpadl = host.OfferWithGpadl(3), DownstreamPageOffset = 2 });
            host.Posted(ChannelMessageType.OpenChannel);
        }, Anything),
        ["a channel that moves to a VP"] = (host =>
        {
            host.Open(3);
            host.Guest.ModifyChannel(3, 1);
            host.Posted(ChannelMessageType.ModifyChannel);
        }, new(ProtocolVersion.Iron)),       // 4.1 and 5.0 do not wait for it
        ["a move to a VP that waits to be posted"] = (host =>
        {
            host.Open(3);
            host.Guest.ModifyChannel(3, 1);
        }, new(ProtocolVersion.Iron)),
        ["a socket channel asked for"] = (host => host.Guest.ConnectTransport(Guid.NewGuid(), Guid.NewGuid(), Guid.Empty), new(ProtocolVersion.Win10)),
        ["a reserved channel being opened"] = (host => host.Guest.OpenReserved(3, 1, 4, host.OfferWithGpadl(3), 2), new(ProtocolVersion.Win10)),
        ["a reserved channel being opened that was posted"] = (host =>
        {
            host.Guest.OpenReserved(3, 1, 4, host.OfferWithGpadl(3), 2);
            host.Posted(ChannelMessageType.OpenReservedChannel);
        }, new(ProtocolVersion.Win10)),
        ["a move of the monitor pages"] = (host =>
        {
            host.Guest.ModifyConnection(0x9000, 0xA000);
            host.Posted(ChannelMessageType.ModifyConnection);
        }, new(ProtocolVersion.Copper, FeatureFlags.ModifyConnection)),
        ["a move of the monitor pages that nobody waits for"] = (host =>
        {
            host.Guest.ModifyConnection(0x9000, 0xA000);
            host.Posted(ChannelMessageType.ModifyConnection);
            host.Expire();
            host.Event<GuestEvent.ConnectionModified>();
        }, new(ProtocolVersion.Copper, FeatureFlags.ModifyConnection)),
        ["a pause"] = (host => host.Pause(), new(ProtocolVersion.Copper, FeatureFlags.PauseResume)),
        ["a pause that nobody waits for"] = (host =>
        {
            host.Guest.Pause();
            host.Posted(ChannelMessageType.Pause);
            host.Expire();
            host.Event<GuestEvent.Paused>();
            host.Posted(ChannelMessageType.Resume);
        }, new(ProtocolVersion.Copper, FeatureFlags.PauseResume)),
        ["monitor pages of the host"] = (_ => { }, new(ProtocolVersion.Copper, FeatureFlags.ServerSpecifiedMonitorPages)),
    };

    public static TheoryData<string> Hosts => [.. HostStates.Keys];

    public static TheoryData<string> Contacts => [.. WaitingContacts.Keys];

    public static TheoryData<string> Guests => [.. GuestStates.Keys];

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_hosts_state_is_restored_under_the_versions_that_have_it_and_refused_under_others(string state)
    {
        (Action<ScriptedGuest> make, Need need) = HostStates[state];
        bool hasServerPages = state == "monitor pages of the host";
        HostProtocolOptions options = HostOptions with { ServerMonitorPages = hasServerPages ? new MonitorPageAddresses(0xA000, 0xB000) : null };
        var guest = new ScriptedGuest(options);
        make(guest);
        byte[] saved = guest.Host.Save();
        Try(saved, 44, version => need.Allows(version) && version.Has(FeatureFlags.ServerSpecifiedMonitorPages) == hasServerPages,
            bytes => HostProtocol.Restore(options, guest.Clock, bytes));
    }

    [Theory]
    [MemberData(nameof(Contacts))]
    public void A_waiting_contact_is_restored_under_the_versions_that_have_what_it_asks_for(string state)
    {
        (Action<ScriptedGuest> make, Need need) = WaitingContacts[state];
        var guest = new ScriptedGuest(HostOptions);
        guest.Opened();
        make(guest);
        Assert.Equal(HostState.Disconnecting, guest.Host.State);
        Try(guest.Host.Save(), 44, need.Allows, bytes => HostProtocol.Restore(HostOptions, guest.Clock, bytes));
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_guests_state_is_restored_under_the_versions_that_have_it_and_refused_under_others(string state)
    {
        (Action<ScriptedHost> make, Need need) = GuestStates[state];
        bool hasServerPages = state == "monitor pages of the host";
        FeatureFlags features = hasServerPages ? FeatureFlags.ServerSpecifiedMonitorPages : FeatureFlags.ModifyConnection | FeatureFlags.PauseResume;
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper, features, new GuestProtocolOptions());
        make(host);
        Try(host.Guest.Save(), 29, version => need.Allows(version) && version.Has(FeatureFlags.ServerSpecifiedMonitorPages) == hasServerPages,
            bytes => GuestProtocol.Restore(GuestOptions, host.Clock, WithMessageConnection(bytes)));

        // What was proposed is what was negotiated, and before 5.0 messages go to one connection.
        byte[] WithMessageConnection(byte[] bytes)
        {
            bytes.AsSpan(29, 4).CopyTo(bytes.AsSpan(37));
            int connection = 20 + 8 + 1 + 8 + 4 + 8 + 16 + 16 + 2 + 16 + 1 + 7;
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(29)) < ProtocolVersion.Win10Rs3V2.Value)
            {
                Assert.Equal(ScriptedHost.MessageConnection, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(connection)));
                Assert.Throws<SavedStateException>(() => GuestProtocol.Restore(GuestOptions, host.Clock, StateDamage.Sealed([.. bytes])));
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(connection), MessageConnection.Legacy);
            }
            return StateDamage.Sealed(bytes);
        }
    }

    [Fact]
    public void A_host_with_features_below_6_0_is_refused()
    {
        var guest = new ScriptedGuest(HostOptions);
        guest.Connected(ProtocolVersion.Win10Rs5);
        byte[] saved = guest.Host.Save();
        saved[48] = (byte)FeatureFlags.GuestSpecifiedSignalParameters;
        SavedStateException refused = Assert.Throws<SavedStateException>(() => HostProtocol.Restore(HostOptions, guest.Clock, StateDamage.Sealed(saved)));
        Assert.Equal(SavedStateFault.ImpossibleValue, refused.Fault);
        Assert.Contains("5.2", refused.Reason, StringComparison.Ordinal);
    }

    // Messages that wait are checked as messages that come: this one is an open request of 6.0 cut to what 5.3 posts.
    [Fact]
    public void A_message_that_waits_is_as_long_as_its_version_wants_it()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.PauseResume, new GuestProtocolOptions());
        uint gpadl = host.OfferWithGpadl(3);
        host.Pause();
        host.Guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 });
        byte[] saved = host.Guest.Save();
        GuestProtocol.Restore(GuestOptions, host.Clock, saved);
        saved[33] |= (byte)FeatureFlags.GuestSpecifiedSignalParameters;
        SavedStateException refused = Assert.Throws<SavedStateException>(() => GuestProtocol.Restore(GuestOptions, host.Clock, StateDamage.Sealed(saved)));
        Assert.Contains(nameof(ChannelMessageType.OpenChannel), refused.Reason, StringComparison.Ordinal);
    }

    // A message to a VP or SINT that the guest does not have would end its host's bus when it is posted.
    [Theory]
    [InlineData(0, 0x80)]
    [InlineData(4, 16)]
    [InlineData(5, 3)]
    public void A_message_that_waits_goes_where_a_message_can_go(int field, byte value)
    {
        var guest = new ScriptedGuest(HostOptions);
        guest.Offer();
        guest.Contact(ProtocolVersion.Copper);
        guest.Action<HostAction.Connect>();
        guest.Host.CompleteConnect(ConnectionState.Successful);
        byte[] saved = guest.Host.Save();
        // Of the outbox' one message: connection, target, length; the aside outbox' record, which is empty, follows.
        int target = saved.Length - (8 + 16) - VersionResponse2.Size - 4 - 6;
        Assert.Equal(SynicMsr.VmBusSint, saved[target + 4]);
        saved[target + field] = value;
        SavedStateException refused = Assert.Throws<SavedStateException>(() => HostProtocol.Restore(HostOptions, guest.Clock, StateDamage.Sealed(saved)));
        Assert.Equal(SavedStateFault.DoesNotFit, refused.Fault);
    }

    private static void Try(byte[] saved, int versionAt, Func<NegotiatedVersion, bool> allows, Action<byte[]> restore)
    {
        var wrong = new List<string>();
        foreach (NegotiatedVersion version in Versions())
        {
            byte[] bytes = [.. saved];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(versionAt), version.Version.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(versionAt + 4), (uint)version.Features);
            bool allowed = allows(version) && (version.Features == FeatureFlags.None || version.Version >= ProtocolVersion.Copper);
            try
            {
                restore(StateDamage.Sealed(bytes));
                if (!allowed)
                    wrong.Add($"{version} is restored");
            }
            catch (SavedStateException refused)
            {
                if (allowed || refused.Fault != SavedStateFault.ImpossibleValue)
                    wrong.Add($"{version}: {refused.Message}");
            }
        }

        Assert.Empty(wrong);
    }

    private static IEnumerable<NegotiatedVersion> Versions()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            yield return new NegotiatedVersion(version);
            for (int feature = 0; feature < 8; feature++)
                yield return new NegotiatedVersion(version, (FeatureFlags)(1 << feature));
            yield return new NegotiatedVersion(version, All);
            yield return new NegotiatedVersion(version, All & ~FeatureFlags.ServerSpecifiedMonitorPages);
        }
    }

    private static void Open(ScriptedGuest guest, uint connectionId = 0x2001, ushort eventFlag = 1, OpenChannelFlags flags = OpenChannelFlags.None)
    {
        OfferId offer = guest.Offer();
        guest.Connected(features: All & ~FeatureFlags.ServerSpecifiedMonitorPages & ~FeatureFlags.ClientId);
        guest.CreateGpadl(offer, 0xE1E10);
        Assert.Equal(MessageFault.None, guest.SendOpen(vp: 0, connectionId: connectionId, eventFlag: eventFlag, flags: flags));
        guest.Action<HostAction.Open>();
        guest.Host.CompleteOpen(offer, ChannelMessageStatus.Success);
        guest.Posts();
    }

    private static void Contact(ScriptedGuest guest, uint vp = 0, Guid clientId = default)
    {
        Assert.Equal(MessageFault.None, guest.Contact(ProtocolVersion.Copper, clientId == default ? FeatureFlags.ModifyConnection : FeatureFlags.ClientId, vp: vp, clientId: clientId));
        guest.Action<HostAction.Connect>();
        guest.Host.CompleteConnect(ConnectionState.Successful);
        guest.Posts();
    }

    private static void Move(ScriptedGuest guest)
    {
        guest.Connected(features: FeatureFlags.ModifyConnection);
        Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.ModifyConnection, new ModifyConnection { ParentToChildMonitorPage = 0x8000, ChildToParentMonitorPage = 0x9000 }));
    }

    private static void AskForSocket(ScriptedGuest guest, Guid silo)
    {
        guest.Connected(features: FeatureFlags.ModifyConnection);
        Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.TlConnectRequest, new TlConnectRequest2 { SiloId = silo }));
        guest.Actions();
    }
}

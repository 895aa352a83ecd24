using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostConnectionTests
{
    public static TheoryData<uint> Versions => [.. ProtocolVersion.Known.Select(version => version.Value)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Each_version_up_to_the_cap_is_accepted_and_each_newer_one_refused(uint cap)
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            var guest = new ScriptedGuest(new HostProtocolOptions { MaxVersion = new ProtocolVersion(cap) });
            Assert.Equal(MessageFault.None, guest.Contact(version));
            if (version.Value > cap)
            {
                guest.NothingToDo();
                Assert.Equal("0F00000000000000" + "0000000000000000", Convert.ToHexString(Assert.Single(guest.Posts()).Bytes.Span));
                Assert.Equal(HostState.Disconnected, guest.Host.State);
                continue;
            }

            HostConnectRequest request = guest.Action<HostAction.Connect>().Request;
            Assert.Equal((new NegotiatedVersion(version), version < ProtocolVersion.Win10Rs3V2 ? 0x3000ul : 0), (request.Version, request.InterruptPage));
            Assert.Equal(HostState.Connecting, guest.Host.State);
            guest.NothingPosted();
            guest.Host.CompleteConnect(ConnectionState.Successful);
            uint chosen = version >= ProtocolVersion.Win10Rs3V2 ? 4 : version.Value;
            string expected = "0F00000000000000" + "01000000" + Convert.ToHexString(BitConverter.GetBytes(chosen)) + (version >= ProtocolVersion.Copper ? "00000000" : "");
            Assert.Equal(expected, Convert.ToHexString(Assert.Single(guest.Posts()).Bytes.Span));
            Assert.Equal((HostState.Connected, version), (guest.Host.State, guest.Host.Negotiated.Version));
        }
    }

    [Theory]
    [InlineData(0x00000000u)]
    [InlineData(0x0000000Cu)]
    [InlineData(0x00050004u)]
    [InlineData(0x00070000u)]
    [InlineData(0xFFFFFFFFu)]
    public void A_version_nobody_knows_is_refused(uint version)
    {
        var guest = new ScriptedGuest();
        guest.Contact(new ProtocolVersion(version));
        Assert.Equal(0, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).VersionSupported);
        Assert.Equal(HostState.Disconnected, guest.Host.State);
    }

    [Theory]
    [InlineData(ConnectionState.FailedLowResources)]
    [InlineData(ConnectionState.FailedUnknown)]
    internal void A_host_without_resources_says_so_where_the_version_can(ConnectionState state)
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            var guest = new ScriptedGuest();
            guest.Contact(version);
            guest.Actions();
            guest.Host.CompleteConnect(state);
            VersionResponse response = guest.Post<VersionResponse>(ChannelMessageType.VersionResponse);
            Assert.Equal(version >= ProtocolVersion.Win8 ? ((byte)1, state) : (0, default), (response.VersionSupported, response.ConnectionState));
            Assert.Equal((HostState.Disconnected, false), (guest.Host.State, guest.Host.Negotiated.IsNegotiated));
        }
    }

    [Fact]
    public void Features_are_those_both_sides_have_and_none_before_6_0()
    {
        const FeatureFlags Both = FeatureFlags.PauseResume | FeatureFlags.GuestSpecifiedSignalParameters;
        var guest = new ScriptedGuest(new HostProtocolOptions { Features = Both | FeatureFlags.ModifyConnection });
        guest.Connected(features: Both | FeatureFlags.ConfidentialChannels);
        Assert.Equal(new NegotiatedVersion(ProtocolVersion.Copper, Both), guest.Host.Negotiated);

        guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Iron, (FeatureFlags)0xFF);
        guest.DoAll();
        Assert.Equal(new NegotiatedVersion(ProtocolVersion.Iron), guest.Host.Negotiated);
    }

    [Fact]
    public void The_message_connection_is_the_hosts_choice_from_5_0_on()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { MessageConnectionId = 0x800074 });
        guest.Contact(ProtocolVersion.Win10Rs3V2);
        guest.DoAll();
        Assert.Equal(0x800074u, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).ConnectionId);
    }

    [Fact]
    public void Messages_go_to_the_vp_that_made_contact_and_to_vp_0_before_3_0()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            var guest = new ScriptedGuest();
            guest.Contact(version, vp: 3);
            var target = new MessageTarget(version >= ProtocolVersion.Win81 ? 3u : 0);
            Assert.Equal(target, guest.Action<HostAction.Connect>().Request.Target);
            guest.Host.CompleteConnect(ConnectionState.Successful);
            Assert.Equal(target, Assert.Single(guest.Posts()).Target);
        }
    }

    [Fact]
    public void Contact_for_a_vp_that_is_not_there_is_dropped()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { VpCount = 2 });
        Assert.Equal(MessageFault.InvalidField, guest.Contact(ProtocolVersion.Iron, vp: 2));
        guest.NothingPosted();
        guest.NothingToDo();
        Assert.Equal(1, guest.Host.Faults[MessageFault.InvalidField]);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(2, 2)]
    public void Contact_for_another_sint_or_vtl_is_refused_there_and_leaves_the_connection_as_it_is(byte sint, byte vtl)
    {
        ScriptedGuest guest = new ScriptedGuest().Connected();
        var contact = new InitiateContact { VersionRequested = ProtocolVersion.Iron, TargetVp = 1, TargetSint = sint, TargetVtl = vtl };
        Assert.Equal(MessageFault.InvalidField, guest.Send(ChannelMessageType.InitiateContact, contact));
        QueuedMessage refusal = Assert.Single(guest.Posts());
        Assert.Equal((new MessageTarget(1, sint, vtl), 0), (refusal.Target, ChannelMessages.Read<VersionResponse>(refusal.Bytes.Span).VersionSupported));
        Assert.Equal(HostState.Connected, guest.Host.State);
    }

    [Fact]
    public void A_client_id_is_taken_where_the_feature_says_it_is_there()
    {
        var guest = new ScriptedGuest();
        var id = Guid.NewGuid();
        guest.Contact(ProtocolVersion.Copper, FeatureFlags.ClientId, clientId: id);
        Assert.Equal(id, guest.Action<HostAction.Connect>().Request.ClientId);

        var contact = new InitiateContact { VersionRequested = ProtocolVersion.Copper, TargetSint = 2, FeatureFlags = FeatureFlags.ClientId };
        Assert.Equal(MessageFault.TooShort, guest.Send(ChannelMessageType.InitiateContact, contact));
    }

    [Theory]
    [InlineData(0x1000, 0)]
    [InlineData(0, 0x2000)]
    public void One_monitor_page_without_the_other_is_a_failure_the_guest_is_told(ulong parentToChild, ulong childToParent)
    {
        var guest = new ScriptedGuest();
        Assert.Equal(MessageFault.InvalidField, guest.Contact(ProtocolVersion.Iron, parentToChild: parentToChild, childToParent: childToParent));
        guest.NothingToDo();
        Assert.Equal(ConnectionState.FailedUnknown, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).ConnectionState);
        Assert.Equal(HostState.Disconnected, guest.Host.State);
    }

    [Fact]
    public void A_hosts_own_monitor_pages_are_told_to_a_guest_that_can_use_them()
    {
        var options = new HostProtocolOptions { ServerMonitorPages = new MonitorPageAddresses(0xA000, 0xB000) };
        var guest = new ScriptedGuest(options);
        guest.Contact(ProtocolVersion.Copper, FeatureFlags.ServerSpecifiedMonitorPages);
        HostConnectRequest request = guest.Action<HostAction.Connect>().Request;
        Assert.Equal((options.ServerMonitorPages, true), (request.MonitorPages, request.HasServerMonitorPages));
        guest.Host.CompleteConnect(ConnectionState.Successful);
        Assert.Equal(
            "0F00000000000000" + "01000000" + "04000000" + "40000000" + "00000000" + "00A0000000000000" + "00B0000000000000",
            Convert.ToHexString(Assert.Single(guest.Posts()).Bytes.Span));

        guest = new ScriptedGuest(options);
        guest.Contact(ProtocolVersion.Copper);
        Assert.Equal(new MonitorPageAddresses(0x1000, 0x2000), guest.Action<HostAction.Connect>().Request.MonitorPages);

        guest = new ScriptedGuest(options with { OnlyServerMonitorPages = true });
        guest.Contact(ProtocolVersion.Iron);
        Assert.Null(guest.Action<HostAction.Connect>().Request.MonitorPages);
    }

    [Fact]
    public void A_host_without_monitor_pages_of_its_own_does_not_say_it_has_them()
    {
        ScriptedGuest guest = new ScriptedGuest().Connected(features: FeatureFlags.ServerSpecifiedMonitorPages);
        Assert.Equal(FeatureFlags.None, guest.Host.Negotiated.Features);
    }

    [Fact]
    public void Unload_is_answered_when_devices_have_let_go()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.Unload));
        Assert.Equal([new HostAction.Close(offer), new HostAction.Released(offer)], guest.Actions());
        Assert.Equal(HostState.Disconnecting, guest.Host.State);
        guest.Host.CompleteClose(offer);
        Assert.Equal(new HostAction.TeardownGpadl(offer, 0xE1E10), guest.Action<HostAction.TeardownGpadl>());
        guest.Host.CompleteTeardownGpadl(offer, 0xE1E10);
        guest.Action<HostAction.Disconnect>();
        guest.NothingPosted();
        guest.Host.CompleteDisconnect();
        guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
        guest.NothingLeaks();
    }

    [Fact]
    public void Unload_is_answered_without_a_connection_too_but_never_in_0_13()
    {
        var guest = new ScriptedGuest();
        guest.Send(ChannelMessageType.Unload);
        guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);

        guest.Connected(ProtocolVersion.Ws2008);
        guest.Send(ChannelMessageType.Unload);
        guest.DoAll();
        guest.NothingPosted();
        guest.NothingLeaks();
    }

    [Fact]
    public void Contact_while_connected_takes_everything_from_the_former_connection_first()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        guest.Contact(ProtocolVersion.Iron, vp: 2);
        Assert.Equal(HostState.Disconnecting, guest.Host.State);
        Assert.Equal(MessageFault.NotConnected, guest.Send(ChannelMessageType.RequestOffers));
        Assert.Equal([new HostAction.Close(offer), new HostAction.Released(offer)], guest.Actions());
        guest.Host.CompleteClose(offer);
        guest.Action<HostAction.TeardownGpadl>();
        guest.Host.CompleteTeardownGpadl(offer, 0xE1E10);
        guest.Action<HostAction.Disconnect>();
        guest.Host.CompleteDisconnect();
        Assert.Equal(2u, guest.Action<HostAction.Connect>().Request.Target.Vp);
        guest.Host.CompleteConnect(ConnectionState.Successful);
        Assert.Equal(1, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).VersionSupported);
        Assert.Equal(ProtocolVersion.Iron, guest.Host.Negotiated.Version);
    }

    [Fact]
    public void Of_several_contacts_only_the_last_is_answered()
    {
        var guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Copper);
        guest.Contact(ProtocolVersion.Iron);
        guest.Contact(ProtocolVersion.Win10, vp: 1);
        guest.DoAll();
        QueuedMessage answer = Assert.Single(guest.Posts());
        Assert.Equal((1u, ProtocolVersion.Win10), (answer.Target.Vp, guest.Host.Negotiated.Version));

        guest.Contact(ProtocolVersion.Iron);
        guest.Contact(new ProtocolVersion(9, 9));
        guest.DoAll();
        Assert.Equal(0, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).VersionSupported);
        guest.NothingLeaks();
    }

    [Fact]
    public void Contact_while_disconnecting_takes_the_place_of_the_unload()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        guest.Send(ChannelMessageType.Unload);
        guest.Contact(ProtocolVersion.Iron);
        guest.DoAll();
        guest.Post<VersionResponse>(ChannelMessageType.VersionResponse);
        Assert.Equal(HostState.Connected, guest.Host.State);
    }

    [Fact]
    public void Unload_while_connecting_follows_the_connection()
    {
        var guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Iron);
        guest.Send(ChannelMessageType.Unload);
        guest.DoAll();
        Assert.Equal([ChannelMessageType.VersionResponse, ChannelMessageType.UnloadResponse], guest.Posts().Select(post => post.Type));
        guest.NothingLeaks();
    }

    [Fact]
    public void A_contact_that_follows_one_that_failed_is_heard()
    {
        var guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Copper);
        guest.Contact(ProtocolVersion.Iron);
        guest.Action<HostAction.Connect>();
        guest.Host.CompleteConnect(ConnectionState.FailedLowResources);
        guest.DoAll();
        Assert.Equal(ConnectionState.Successful, guest.Post<VersionResponse>(ChannelMessageType.VersionResponse).ConnectionState);
        Assert.Equal(ProtocolVersion.Iron, guest.Host.Negotiated.Version);
    }

    [Fact]
    public void New_contact_drops_what_the_former_connection_had_not_posted_yet()
    {
        var guest = new ScriptedGuest();
        guest.Offer();
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.True(guest.Host.TryPeekPost(out QueuedMessage message));
        Assert.Equal(ChannelMessageType.OfferChannel, message.Type);
        guest.Contact(ProtocolVersion.Iron);
        guest.Host.CompletePost(HypercallStatus.Success);
        guest.DoAll();
        guest.Post<VersionResponse>(ChannelMessageType.VersionResponse);
    }

    [Fact]
    public void Reset_closes_everything_and_sends_nothing()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        guest.SendClose();
        guest.Actions();
        guest.Host.Reset();
        guest.Host.Reset();
        Assert.False(guest.Host.CanReceive);
        Assert.Throws<InvalidOperationException>(() => guest.Send(ChannelMessageType.Unload));
        guest.Host.CompleteClose(offer);
        guest.DoAll();
        guest.NothingPosted();
        guest.NothingLeaks();
        Assert.True(guest.Host.CanReceive);
        guest.Connected();
    }

    [Fact]
    public void Reset_while_connecting_ends_what_it_interrupts()
    {
        var guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Iron);
        guest.Host.Reset();
        guest.DoAll();
        guest.NothingPosted();
        guest.NothingLeaks();
    }

    [Fact]
    public void Reset_without_a_guest_is_done_at_once()
    {
        var guest = new ScriptedGuest();
        guest.Host.Reset();
        guest.NothingToDo();
        Assert.True(guest.Host.CanReceive);
    }

    [Fact]
    public void Messages_of_unknown_types_and_those_of_hosts_from_23_on_are_counted_and_change_nothing()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        foreach (uint type in (uint[])[0, 30, 31, 1000, uint.MaxValue])
            Assert.Equal(MessageFault.UnknownType, guest.Send((ChannelMessageType)type));
        foreach (ChannelMessageType type in (ChannelMessageType[])[ChannelMessageType.TlConnectResult, ChannelMessageType.ModifyChannelResponse, ChannelMessageType.PauseResponse])
            Assert.Equal(MessageFault.WrongDirection, guest.Send(type));
        Assert.Equal((5, 3, 8), (guest.Host.Faults[MessageFault.UnknownType], guest.Host.Faults[MessageFault.WrongDirection], guest.Host.Faults.Total));
        guest.NothingPosted();
        guest.NothingToDo();
        Assert.Equal(HostState.Connected, guest.Host.State);
    }

    [Fact]
    public void Answers_nobody_waits_for_are_misuse()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer();
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteConnect(ConnectionState.Successful));
        Assert.Throws<InvalidOperationException>(guest.Host.CompleteDisconnect);
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteModifyConnection(ConnectionState.Successful));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteOpen(offer, ChannelMessageStatus.Success));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteClose(offer));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteModify(offer, ChannelMessageStatus.Success));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteCreateGpadl(offer, 1, ChannelMessageStatus.Success));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompleteTeardownGpadl(offer, 1));
        Assert.Throws<InvalidOperationException>(() => guest.Host.CompletePost(HypercallStatus.Success));
        Assert.Throws<ArgumentException>(() => guest.Host.CompleteOpen(new OfferId(2), ChannelMessageStatus.Success));
        Assert.Throws<ArgumentException>(() => guest.Host.Revoke(default));
    }

    // Linux releases the relids of its channels when it has unloaded.
    [Fact]
    public void Relids_released_after_an_unload_are_no_faults_and_change_nothing()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        guest.Send(ChannelMessageType.Unload);
        Assert.Equal(MessageFault.None, guest.SendReleased());
        guest.DoAll();
        Assert.Equal(MessageFault.None, guest.SendReleased());
        Assert.Equal(MessageFault.TooShort, guest.Host.Receive(ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, default(RelidReleased)).AsSpan(0, 11)));
        Assert.Equal(1, guest.Host.Faults.Total);
        guest.NothingLeaks();
        guest.Connected();
        guest.Open(offer);
    }

    [Fact]
    public void A_reserved_channel_is_not_released_by_a_guest_that_has_left()
    {
        var guest = new ScriptedGuest();
        guest.OpenedReserved();
        guest.Send(ChannelMessageType.Unload);
        guest.DoAll();
        Assert.Equal(MessageFault.None, guest.SendReleased());
        guest.NothingToDo();
        Assert.Equal(1, guest.Host.RelidsInUse);
    }
}

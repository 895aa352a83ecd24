using System.Buffers.Binary;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

public sealed class ConnectTests
{
    public static TheoryData<uint> KnownVersions => [.. ProtocolVersion.Known.Select(version => version.Value)];

    [Theory]
    [MemberData(nameof(KnownVersions))]
    public void A_guest_comes_down_from_the_newest_version_to_the_one_its_host_speaks(uint value)
    {
        var spoken = new ProtocolVersion(value);
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            QueuedMessage contact = host.Posted(ChannelMessageType.InitiateContact);
            Assert.Equal(version, ChannelMessages.Read<InitiateContact>(contact.Bytes.Span).VersionRequested);
            Assert.Equal(version < ProtocolVersion.Win10Rs3V2 ? 1u : 4u, contact.ConnectionId);
            host.NoEvent();
            if (version == spoken)
                break;
            host.Refuse();
        }

        host.Accept(spoken, FeatureFlags.PauseResume);
        FeatureFlags features = spoken >= ProtocolVersion.Copper ? FeatureFlags.PauseResume : FeatureFlags.None;
        uint connection = spoken >= ProtocolVersion.Win10Rs3V2 ? ScriptedHost.MessageConnection : 1;
        Assert.Equal(
            new GuestEvent.Connected(new NegotiatedVersion(spoken, features), new MonitorPageAddresses(0x2000, 0x3000), false, connection),
            host.Event<GuestEvent.Connected>());
        Assert.Equal(GuestConnectionState.Connected, host.Guest.State);
        host.Guest.RequestOffers();
        Assert.Equal(connection, host.Posted(ChannelMessageType.RequestOffers).ConnectionId);
        Assert.Equal(0, host.Guest.Faults.Total);
    }

    [Fact]
    public void A_contact_before_5_0_shows_the_interrupt_page()
    {
        byte[] contact = Contact(new GuestProtocolOptions { Versions = [ProtocolVersion.Win10Rs3], MessageVp = 3 });
        Assert.Equal("0E00000000000000" + "01000400" + "03000000" + "0010000000000000" + "0020000000000000" + "0030000000000000", Convert.ToHexString(contact));
    }

    [Fact]
    public void A_contact_from_5_0_on_says_where_messages_go_instead()
    {
        byte[] contact = Contact(new GuestProtocolOptions { Versions = [ProtocolVersion.Iron], MessageVp = 1, MessageSint = 5, MessageVtl = 2, Features = (FeatureFlags)0xFF });
        Assert.Equal("0E00000000000000" + "03000500" + "01000000" + "0502000000000000" + "0020000000000000" + "0030000000000000", Convert.ToHexString(contact));
    }

    [Fact]
    public void A_6_0_contact_names_features_and_the_client()
    {
        var client = new Guid("00112233-4455-6677-8899-aabbccddeeff");
        byte[] contact = Contact(new GuestProtocolOptions { Versions = [ProtocolVersion.Copper], Features = FeatureFlags.ClientId | FeatureFlags.PauseResume, ClientId = client });
        Assert.Equal(
            "0E00000000000000" + "00000600" + "00000000" + "0200000028000000" + "0020000000000000" + "0030000000000000" + "33221100554477668899AABBCCDDEEFF",
            Convert.ToHexString(contact));
    }

    [Fact]
    public void A_6_0_contact_without_the_client_feature_is_as_short_as_the_older_ones()
    {
        byte[] contact = Contact(new GuestProtocolOptions { Versions = [ProtocolVersion.Copper], Features = FeatureFlags.ConfidentialChannels, ClientId = Guid.NewGuid() });
        Assert.Equal(40, contact.Length);
        Assert.Equal(0x10u, BinaryPrimitives.ReadUInt32LittleEndian(contact.AsSpan(20)));
    }

    [Fact]
    public void A_feature_that_was_not_proposed_is_not_negotiated()
    {
        var host = new ScriptedHost(new GuestProtocolOptions { Features = FeatureFlags.PauseResume | FeatureFlags.ModifyConnection });
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Accept(ProtocolVersion.Copper, FeatureFlags.PauseResume | FeatureFlags.GpaPinning);
        Assert.Equal(FeatureFlags.PauseResume, host.Event<GuestEvent.Connected>().Negotiated.Features);
    }

    [Fact]
    public void Qemus_answers_of_10_bytes_refuse_and_accept()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        while (true)
        {
            ProtocolVersion version = host.Posted<InitiateContact>(ChannelMessageType.InitiateContact).VersionRequested;
            if (version == ProtocolVersion.Win10)
                break;
            host.Refuse(length: ChannelMessages.FirstVersionResponseSize);
        }
        host.Send(VersionResponse.MessageType, new VersionResponse { VersionSupported = 1 }, ChannelMessages.FirstVersionResponseSize);
        Assert.Equal((ProtocolVersion.Win10, 1u), host.Event<GuestEvent.Connected>() is var connected ? (connected.Negotiated.Version, connected.MessageConnection) : default);
    }

    [Fact]
    public void An_acceptance_from_5_0_on_that_ends_before_its_connection_id_is_too_short()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        for (int length = 10; length < 16; length++)
            host.Drop(MessageFault.TooShort, ChannelMessages.ToBytes(VersionResponse.MessageType, new VersionResponse { VersionSupported = 1 }, length));
        Assert.Equal(GuestConnectionState.Negotiating, host.Guest.State);
    }

    [Fact]
    public void The_hosts_monitor_pages_replace_the_guests()
    {
        ScriptedHost host = new(new GuestProtocolOptions { Features = FeatureFlags.ServerSpecifiedMonitorPages });
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Accept(ProtocolVersion.Copper, FeatureFlags.ServerSpecifiedMonitorPages);
        GuestEvent.Connected connected = host.Event<GuestEvent.Connected>();
        Assert.Equal((new MonitorPageAddresses(0x7000, 0x8000), true), (connected.MonitorPages, connected.AreServerPages));
    }

    [Theory]
    [InlineData(0x7000u, 0u)]
    [InlineData(0u, 0u)]
    [InlineData(0x7001u, 0x8000u)]
    [InlineData(0u, 0x8001u)]
    public void Monitor_pages_of_the_host_that_are_none_are_dropped(uint parentToChild, uint childToParent)
    {
        ScriptedHost host = new(new GuestProtocolOptions { Features = FeatureFlags.ServerSpecifiedMonitorPages });
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        var response = new VersionResponse2 { Response = new VersionResponse { VersionSupported = 1, ConnectionId = 9 }, SupportedFeatures = FeatureFlags.ServerSpecifiedMonitorPages };
        host.Drop(MessageFault.InvalidField, VersionResponse.MessageType, new VersionResponse3 { Response = response, ParentToChildMonitorPage = parentToChild, ChildToParentMonitorPage = childToParent });
        host.Drop(MessageFault.TooShort, VersionResponse.MessageType, response);
        Assert.Equal(GuestConnectionState.Negotiating, host.Guest.State);
    }

    [Fact]
    public void A_host_need_not_give_the_page_it_signals_through_itself()
    {
        var options = new GuestProtocolOptions { Features = FeatureFlags.ServerSpecifiedMonitorPages };
        ScriptedHost host = new(options);
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        var response = new VersionResponse2 { Response = new VersionResponse { VersionSupported = 1, ConnectionId = 9 }, SupportedFeatures = FeatureFlags.ServerSpecifiedMonitorPages };
        host.Send(VersionResponse.MessageType, new VersionResponse3 { Response = response, ChildToParentMonitorPage = 0x8000 });
        GuestEvent.Connected connected = host.Event<GuestEvent.Connected>();
        Assert.Equal((new MonitorPageAddresses(0, 0x8000), true), (connected.MonitorPages, connected.AreServerPages));
        GuestProtocol restored = GuestProtocol.Restore(options, host.Clock, host.Guest.Save());
        Assert.Equal((GuestConnectionState.Connected, host.Guest.MonitorPages), (restored.State, restored.MonitorPages));
    }

    [Fact]
    public void A_host_that_speaks_nothing_leaves_no_connection()
    {
        var host = new ScriptedHost(new GuestProtocolOptions { Versions = [ProtocolVersion.Copper, ProtocolVersion.Ws2008] });
        host.Guest.Connect(ScriptedHost.Pages);
        for (int version = 0; version < 2; version++)
        {
            host.Posted(ChannelMessageType.InitiateContact);
            host.Refuse();
        }
        Failed(host, ConnectFailure.NoCommonVersion);
    }

    [Theory]
    [InlineData(ConnectionState.FailedLowResources, ConnectFailure.LowResources)]
    [InlineData(ConnectionState.FailedUnknown, ConnectFailure.Refused)]
    [InlineData((ConnectionState)77, ConnectFailure.Refused)]
    internal void A_host_that_speaks_the_version_and_cannot_is_not_asked_for_an_older_one(ConnectionState state, ConnectFailure reason)
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Refuse(state);
        Failed(host, reason);
    }

    [Fact]
    public void An_isolated_guest_proposes_nothing_older_than_5_2()
    {
        var host = new ScriptedHost(new GuestProtocolOptions { IsIsolated = true });
        host.Guest.Connect(ScriptedHost.Pages);
        foreach (ProtocolVersion version in (ProtocolVersion[])[ProtocolVersion.Copper, ProtocolVersion.Iron, ProtocolVersion.Win10Rs5])
        {
            Assert.Equal(version, host.Posted<InitiateContact>(ChannelMessageType.InitiateContact).VersionRequested);
            host.Refuse();
        }
        Failed(host, ConnectFailure.NoCommonVersion);
        Assert.Throws<ArgumentException>(() => new ScriptedHost(new GuestProtocolOptions { IsIsolated = true, Versions = [ProtocolVersion.Win10] }));
    }

    [Fact]
    public void A_guest_in_vtl_2_tries_the_redirected_connection_and_falls_back()
    {
        var host = new ScriptedHost(new GuestProtocolOptions { TryRedirect = true, MessageVtl = 2 });
        host.Guest.Connect(ScriptedHost.Pages);
        QueuedMessage first = host.Posted(ChannelMessageType.InitiateContact, HypercallStatus.InvalidConnectionId);
        QueuedMessage second = host.Posted(ChannelMessageType.InitiateContact);
        Assert.Equal((0x800074u, 4u), (first.ConnectionId, second.ConnectionId));
        Assert.Equal(first.Bytes.ToArray(), second.Bytes.ToArray());
        host.Refuse();
        Assert.Equal(4u, host.Posted(ChannelMessageType.InitiateContact).ConnectionId);
    }

    [Fact]
    public void A_redirected_connection_that_is_there_is_kept_for_the_versions_that_know_it()
    {
        var host = new ScriptedHost(new GuestProtocolOptions { TryRedirect = true, Versions = [ProtocolVersion.Copper, ProtocolVersion.Win10Rs3V2, ProtocolVersion.Win10] });
        host.Guest.Connect(ScriptedHost.Pages);
        foreach (uint connection in (uint[])[0x800074, 0x800074, 1])
        {
            Assert.Equal(connection, host.Posted(ChannelMessageType.InitiateContact).ConnectionId);
            host.Refuse();
        }
    }

    [Fact]
    public void A_host_without_the_newer_message_connection_is_asked_for_what_it_may_know()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact, HypercallStatus.InvalidConnectionId);
        QueuedMessage next = host.Posted(ChannelMessageType.InitiateContact);
        Assert.Equal((ProtocolVersion.Win10Rs3, 1u), (ChannelMessages.Read<InitiateContact>(next.Bytes.Span).VersionRequested, next.ConnectionId));
    }

    [Theory]
    [InlineData(HypercallStatus.AccessDenied, ConnectFailure.NotPosted)]
    [InlineData(HypercallStatus.InvalidConnectionId, ConnectFailure.NoCommonVersion)]
    internal void A_contact_that_cannot_be_posted_ends_the_attempt(HypercallStatus status, ConnectFailure reason)
    {
        var host = new ScriptedHost(new GuestProtocolOptions { Versions = [ProtocolVersion.Copper] });
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact, status);
        Failed(host, reason);
    }

    [Fact]
    public void A_silent_host_is_given_up_after_the_timeout()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Clock.Advance(ScriptedHost.Patience - TimeSpan.FromTicks(1));
        host.Guest.Elapse();
        host.NoEvent();
        Assert.Equal(TimeSpan.FromTicks(1), host.Guest.UntilDue);
        host.Clock.Advance(TimeSpan.FromTicks(1));
        host.Guest.Elapse();
        Failed(host, ConnectFailure.Timeout);
        Assert.Null(host.Guest.UntilDue);
    }

    [Fact]
    public void An_unload_that_was_dropped_is_not_waited_for()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Expire();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Guest.Unload();
        host.Expire();
        Assert.Equal(GuestConnectionState.Disconnected, host.Guest.State);
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.Unload);
        host.Send(ChannelMessageType.UnloadResponse);
        host.Posted(ChannelMessageType.InitiateContact);
    }

    [Fact]
    public void A_host_that_could_not_be_told_to_let_go_is_not_contacted_anew()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Expire();
        host.Event<GuestEvent.ConnectFailed>();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.Unload, HypercallStatus.AccessDenied);
        Assert.Equal(ConnectFailure.NotPosted, host.Event<GuestEvent.ConnectFailed>().Reason);
        host.PostsNothing();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.Unload);
        host.Send(ChannelMessageType.UnloadResponse);
        host.Posted(ChannelMessageType.InitiateContact);
    }

    [Fact]
    public void A_late_answer_to_a_contact_makes_the_guest_tell_the_host_to_let_go()
    {
        ScriptedHost host = TimedOut();
        host.Accept(ProtocolVersion.Copper);
        host.NoEvent();
        host.Posted(ChannelMessageType.Unload);
        host.Send(ChannelMessageType.UnloadResponse);
        Assert.Equal(2, host.Guest.LateAnswers);
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
    }

    [Fact]
    public void A_new_attempt_after_a_timeout_is_not_fooled_by_the_answer_to_the_old_one()
    {
        ScriptedHost host = TimedOut();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.Unload);
        host.PostsNothing();
        host.Drop(MessageFault.WrongState, VersionResponse.MessageType, new VersionResponse { VersionSupported = 1, ConnectionId = 1 });
        host.Send(ChannelMessageType.UnloadResponse);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Accept(ProtocolVersion.Copper);
        host.Event<GuestEvent.Connected>();
    }

    [Fact]
    public void A_host_that_does_not_answer_the_unload_either_is_contacted_anyway()
    {
        ScriptedHost host = TimedOut();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.Unload);
        host.Expire();
        host.Posted(ChannelMessageType.InitiateContact);
        host.Accept(ProtocolVersion.Copper);
        host.Event<GuestEvent.Connected>();
    }

    [Fact]
    public void An_answer_to_a_contact_nobody_has_posted_is_dropped()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Drop(MessageFault.WrongState, VersionResponse.MessageType, new VersionResponse { VersionSupported = 1, ConnectionId = 1 });
        Assert.True(host.Guest.TryPeekPost(out _));
        host.Accept(ProtocolVersion.Copper);
        host.Guest.CompletePost(HypercallStatus.AccessDenied);
        host.Event<GuestEvent.Connected>();
        host.NoEvent();
        Assert.Equal(GuestConnectionState.Connected, host.Guest.State);
    }

    [Fact]
    public void Leaving_while_negotiating_cancels_the_attempt()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Guest.Unload();
        Assert.Equal(ConnectFailure.Cancelled, host.Event<GuestEvent.ConnectFailed>().Reason);
        host.Posted(ChannelMessageType.Unload);
        host.Drop(MessageFault.WrongState, VersionResponse.MessageType, new VersionResponse { VersionSupported = 1, ConnectionId = 1 });
        host.Send(ChannelMessageType.UnloadResponse);
        Assert.True(host.Event<GuestEvent.Unloaded>().Result.IsSuccess);
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
    }

    [Fact]
    public void One_monitor_page_without_the_other_is_no_way_to_connect()
    {
        var host = new ScriptedHost();
        Assert.Throws<ArgumentException>(() => host.Guest.Connect(new GuestPages(0, 0x1000, 0)));
        Assert.Throws<ArgumentException>(() => host.Guest.Connect(new GuestPages(0, 0x1000, 0x2001)));
        Assert.Throws<ArgumentException>(() => host.Guest.Connect(new GuestPages(8, 0, 0)));
        Assert.Equal(GuestConnectionState.Disconnected, host.Guest.State);
    }

    [Fact]
    public void A_guest_connects_once_at_a_time()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        Assert.Throws<InvalidOperationException>(() => host.Guest.Connect(ScriptedHost.Pages));
        host.Drop(MessageFault.WrongState, VersionResponse.MessageType, new VersionResponse { VersionSupported = 1, ConnectionId = 1 });
    }

    private static ScriptedHost TimedOut()
    {
        var host = new ScriptedHost();
        host.Guest.Connect(ScriptedHost.Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Expire();
        Failed(host, ConnectFailure.Timeout);
        return host;
    }

    private static void Failed(ScriptedHost host, ConnectFailure reason)
    {
        Assert.Equal(reason, host.Event<GuestEvent.ConnectFailed>().Reason);
        Assert.Equal((GuestConnectionState.Disconnected, default), (host.Guest.State, host.Guest.Negotiated));
        host.PostsNothing();
    }

    private static byte[] Contact(GuestProtocolOptions options)
    {
        var host = new ScriptedHost(options);
        host.Guest.Connect(ScriptedHost.Pages);
        return host.Posted(ChannelMessageType.InitiateContact).Bytes.ToArray();
    }
}

using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>Pauses, moved monitor pages, unloading, and posts that fail.</summary>
public sealed class ConnectionLifeTests
{
    private readonly ScriptedHost _host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.PauseResume | FeatureFlags.ModifyConnection);

    private GuestProtocol Guest => _host.Guest;

    [Fact]
    public void While_pausing_requests_wait_and_the_hosts_last_messages_are_taken()
    {
        Guest.RequestOffers();
        Guest.Pause();
        _host.Posted(ChannelMessageType.RequestOffers);
        _host.Posted(ChannelMessageType.Pause);
        _host.Offer(3);
        Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 40)]);
        _host.PostsNothing();
        _host.Send(ChannelMessageType.PauseResponse);
        Assert.True(_host.Event<GuestEvent.Paused>().Result.IsSuccess);
        Assert.Equal((GuestConnectionState.Paused, 2), (Guest.State, Guest.WaitingPosts));
        _host.PostsNothing();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
        _host.Posted(ChannelMessageType.GpadlHeader);
        _host.Posted(ChannelMessageType.GpadlBody);
        Assert.Equal(GuestConnectionState.Connected, Guest.State);
    }

    [Fact]
    public void A_pause_costs_no_request_its_patience()
    {
        Guest.RequestOffers();
        _host.Posted(ChannelMessageType.RequestOffers);
        _host.Clock.Advance(TimeSpan.FromSeconds(10));
        _host.Pause();
        Assert.Null(Guest.UntilDue);
        _host.Clock.Advance(TimeSpan.FromHours(1));
        Guest.Elapse();
        _host.NoEvent();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
        Assert.Equal(TimeSpan.FromSeconds(20), Guest.UntilDue);
    }

    [Fact]
    public void A_host_that_does_not_pause_in_time_is_told_to_go_on()
    {
        Guest.Pause();
        _host.Posted(ChannelMessageType.Pause);
        Guest.RequestOffers();
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.Paused>().Result.Outcome);
        Assert.Equal(GuestConnectionState.Connected, Guest.State);
        _host.Posted(ChannelMessageType.Resume);
        _host.Posted(ChannelMessageType.RequestOffers);
        Assert.Throws<InvalidOperationException>(Guest.Pause);
        _host.Send(ChannelMessageType.PauseResponse);
        Assert.Equal((GuestConnectionState.Connected, 1), (Guest.State, Guest.LateAnswers));
        _host.Pause();
    }

    [Fact]
    public void A_pause_that_was_not_posted_is_none()
    {
        Guest.Pause();
        _host.Posted(ChannelMessageType.Pause, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, _host.Event<GuestEvent.Paused>().Result.Outcome);
        _host.PostsNothing();
        _host.Pause();
    }

    [Fact]
    public void A_resume_that_was_not_posted_leaves_the_pause_as_it_is()
    {
        _host.Pause();
        Guest.RequestOffers();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume, HypercallStatus.AccessDenied);
        Assert.Equal(ChannelMessageType.Resume, _host.Event<GuestEvent.NotPosted>().Type);
        Assert.Equal(GuestConnectionState.Paused, Guest.State);
        _host.PostsNothing();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
        _host.Posted(ChannelMessageType.RequestOffers);
    }

    [Fact]
    public void An_answer_to_a_pause_nobody_has_posted_is_dropped()
    {
        _host.Drop(MessageFault.WrongState, PauseResponse.MessageType, new PauseResponse());
        Guest.Pause();
        _host.Drop(MessageFault.WrongState, PauseResponse.MessageType, new PauseResponse());
        Assert.True(Guest.TryPeekPost(out _));
        _host.Send(ChannelMessageType.PauseResponse);
        Guest.CompletePost(HypercallStatus.Success);
        Assert.Equal(GuestConnectionState.Paused, Guest.State);
    }

    [Fact]
    public void A_paused_guest_can_leave()
    {
        _host.Pause();
        Guest.RequestOffers();
        Guest.Unload();
        Assert.Equal(RequestOutcome.Disconnected, _host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        _host.Posted(ChannelMessageType.Unload);
        _host.PostsNothing();
    }

    [Fact]
    public void Pausing_and_moving_pages_need_their_features()
    {
        ScriptedHost old = ScriptedHost.Connected(ProtocolVersion.Iron);
        Assert.Throws<InvalidOperationException>(old.Guest.Pause);
        Assert.Throws<InvalidOperationException>(() => old.Guest.ModifyConnection(0x1000, 0x2000));
        Assert.Throws<InvalidOperationException>(old.Guest.Resume);
    }

    [Theory]
    [InlineData(ConnectionState.Successful, 0x9000ul)]
    [InlineData(ConnectionState.FailedLowResources, 0x2000ul)]
    internal void Monitor_pages_move_when_the_host_says_so_and_not_before(ConnectionState answer, ulong inForce)
    {
        Guest.ModifyConnection(0x9000, 0xA000);
        Assert.Equal("1900000000000000" + "0090000000000000" + "00A0000000000000", Convert.ToHexString(_host.Posted(ChannelMessageType.ModifyConnection).Bytes.Span));
        Assert.Equal(0x2000ul, Guest.MonitorPages.ParentToChild);
        Assert.Throws<InvalidOperationException>(() => Guest.ModifyConnection(0xB000, 0xC000));
        Modified(answer);
        GuestEvent.ConnectionModified modified = _host.Event<GuestEvent.ConnectionModified>();
        Assert.Equal((answer == ConnectionState.Successful, answer, inForce), (modified.Result.IsSuccess, modified.State, modified.MonitorPages.ParentToChild));
        Assert.Equal(inForce, Guest.MonitorPages.ParentToChild);
        _host.Drop(MessageFault.WrongState, ModifyConnectionResponse.MessageType, new ModifyConnectionResponse());
    }

    [Fact]
    public void A_pause_that_timed_out_and_then_was_not_posted_leaves_nothing_to_resume()
    {
        Guest.Pause();
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.Paused>().Result.Outcome);
        _host.Posted(ChannelMessageType.Pause, HypercallStatus.AccessDenied);
        _host.PostsNothing();
        Assert.Equal(GuestConnectionState.Connected, Guest.State);
        _host.Pause();
    }

    [Fact]
    public void A_host_that_has_not_answered_the_pause_is_heard_though_the_resume_was_not_posted()
    {
        _host.Offer(3);
        Guest.Pause();
        _host.Posted(ChannelMessageType.Pause);
        _host.Expire();
        _host.Event<GuestEvent.Paused>();
        _host.Posted(ChannelMessageType.Resume, HypercallStatus.AccessDenied);
        _host.Event<GuestEvent.NotPosted>();
        Assert.Equal(GuestConnectionState.Paused, Guest.State);
        _host.Rescind(3);
        _host.Event<GuestEvent.Rescinded>();
        _host.Send(ChannelMessageType.PauseResponse);
        _host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(4));
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
    }

    [Fact]
    public void A_pause_behind_a_resume_that_was_not_posted_has_what_it_wants()
    {
        _host.Offer(3);
        _host.Pause();
        Guest.Resume();
        Guest.ReleaseRelid(3);
        Guest.Pause();
        _host.Posted(ChannelMessageType.Resume, HypercallStatus.AccessDenied);
        Assert.Equal(ChannelMessageType.Resume, _host.Event<GuestEvent.NotPosted>().Type);
        Assert.True(_host.Event<GuestEvent.Paused>().Result.IsSuccess);
        Assert.Equal(GuestConnectionState.Paused, Guest.State);
        _host.PostsNothing();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
        _host.Posted(ChannelMessageType.RelidReleased);
    }

    [Fact]
    public void A_pause_that_timed_out_behind_a_resume_that_was_not_posted_is_void()
    {
        _host.Pause();
        Guest.Resume();
        Guest.Pause();
        _host.Expire();
        _host.Event<GuestEvent.Paused>();
        _host.Posted(ChannelMessageType.Resume, HypercallStatus.AccessDenied);
        _host.Event<GuestEvent.NotPosted>();
        Guest.Resume();
        _host.Posted(ChannelMessageType.Resume);
        _host.PostsNothing();
        _host.Pause();
    }

    [Fact]
    public void A_request_for_offers_that_timed_out_and_then_was_not_posted_can_be_made_again()
    {
        Guest.RequestOffers();
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        _host.Posted(ChannelMessageType.RequestOffers, HypercallStatus.AccessDenied);
        Assert.Equal(ChannelMessageType.RequestOffers, _host.Event<GuestEvent.NotPosted>().Type);
        Guest.RequestOffers();
        _host.Posted(ChannelMessageType.RequestOffers);
    }

    [Fact]
    public void Monitor_pages_that_move_late_are_told_of()
    {
        Guest.ModifyConnection(0x9000, 0xA000);
        _host.Posted(ChannelMessageType.ModifyConnection);
        _host.Expire();
        Assert.Equal(new MonitorPageAddresses(0x2000, 0x3000), _host.Event<GuestEvent.ConnectionModified>().MonitorPages);
        Assert.Throws<InvalidOperationException>(() => Guest.ModifyConnection(0, 0));
        Modified(ConnectionState.Successful);
        Assert.Equal(new MonitorPageAddresses(0x9000, 0xA000), _host.Event<GuestEvent.ConnectionModified>().MonitorPages);
        Assert.Equal(1, Guest.LateAnswers);
    }

    [Fact]
    public void The_hosts_own_monitor_pages_stay_where_they_are()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        Assert.True(host.Guest.AreServerMonitorPages);
        Assert.Throws<InvalidOperationException>(() => host.Guest.ModifyConnection(0x9000, 0xA000));
        Assert.Throws<ArgumentException>(() => Guest.ModifyConnection(0x9000, 0));
    }

    [Fact]
    public void Leaving_ends_everything_and_the_guest_can_come_back()
    {
        _host.Open(3);
        Guest.ModifyChannel(3, 1);
        Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        Guest.Unload();
        Assert.Equal(RequestOutcome.Disconnected, _host.Event<GuestEvent.ChannelModified>().Result.Outcome);
        Assert.Equal(RequestOutcome.Disconnected, _host.Event<GuestEvent.GpadlCreated>().Result.Outcome);
        Assert.Equal((0, 0, GuestConnectionState.Unloading), (Guest.OfferCount, Guest.GpadlCount, Guest.State));
        Assert.Equal(ScriptedHost.MessageConnection, _host.Posted(ChannelMessageType.Unload).ConnectionId);
        _host.Drop(MessageFault.WrongState, RescindOffer.MessageType, new RescindOffer { ChildRelid = 3 });
        _host.Send(ChannelMessageType.UnloadResponse);
        Assert.True(_host.Event<GuestEvent.Unloaded>().Result.IsSuccess);
        _host.Drop(MessageFault.WrongState, UnloadResponse.MessageType, new UnloadResponse());
        Assert.Throws<InvalidOperationException>(Guest.Unload);

        Guest.Connect(ScriptedHost.Pages);
        Assert.Equal(MessageConnection.Contact, _host.Posted(ChannelMessageType.InitiateContact).ConnectionId);
        _host.Accept(ProtocolVersion.Copper);
        _host.Event<GuestEvent.Connected>();
        _host.Offer(3);
    }

    [Theory]
    [InlineData(true, RequestOutcome.TimedOut)]
    [InlineData(false, RequestOutcome.NotPosted)]
    internal void A_host_that_does_not_let_go_is_left_anyway(bool isPosted, RequestOutcome outcome)
    {
        Guest.Unload();
        _host.Posted(ChannelMessageType.Unload, isPosted ? HypercallStatus.Success : HypercallStatus.AccessDenied);
        if (isPosted)
            _host.Expire();
        Assert.Equal(outcome, _host.Event<GuestEvent.Unloaded>().Result.Outcome);
        Assert.Equal(GuestConnectionState.Disconnected, Guest.State);
    }

    [Fact]
    public void A_0_13_host_does_not_answer_an_unload()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Ws2008);
        host.Guest.Unload();
        host.Drop(MessageFault.WrongState, UnloadResponse.MessageType, new UnloadResponse());
        host.NoEvent();
        host.Posted(ChannelMessageType.Unload);
        Assert.True(host.Event<GuestEvent.Unloaded>().Result.IsSuccess);
    }

    [Fact]
    public void The_end_of_a_post_that_became_void_changes_nothing()
    {
        Guest.RequestOffers();
        Assert.True(Guest.TryPeekPost(out _));
        Guest.Unload();
        Guest.CompletePost(HypercallStatus.AccessDenied);
        _host.Posted(ChannelMessageType.Unload);
        Assert.Throws<InvalidOperationException>(() => Guest.CompletePost(HypercallStatus.Success));
    }

    [Fact]
    public void A_post_without_room_is_due_again_before_any_deadline()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron, options: new GuestProtocolOptions { Retry = new PostRetryPolicy { FirstDelay = TimeSpan.FromMilliseconds(5) } });
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers, HypercallStatus.InsufficientBuffers);
        host.PostsNothing();
        Assert.Equal(TimeSpan.FromMilliseconds(5), host.Guest.UntilDue);
        host.Clock.Advance(TimeSpan.FromMilliseconds(5));
        host.Posted(ChannelMessageType.RequestOffers);
        Assert.Equal(ScriptedHost.Patience - TimeSpan.FromMilliseconds(5), host.Guest.UntilDue);
    }

    [Fact]
    public void Requests_without_a_connection_throw()
    {
        var guest = new ScriptedHost().Guest;
        Assert.Throws<InvalidOperationException>(guest.RequestOffers);
        Assert.Throws<InvalidOperationException>(guest.Unload);
        Assert.Throws<InvalidOperationException>(() => guest.CreateGpadl(1, [GpadlRange.OfPages(0, 1)]));
        Assert.Throws<InvalidOperationException>(() => guest.ReleaseRelid(1));
        Assert.Throws<InvalidOperationException>(() => guest.ConnectTransport(default, default, default));
        Assert.Throws<InvalidOperationException>(() => guest.CloseReserved(1, 0, 2));
    }

    private void Modified(ConnectionState state) => _host.Send(ModifyConnectionResponse.MessageType, new ModifyConnectionResponse { ConnectionState = state });
}

using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

public sealed class ReservedTests
{
    private readonly ScriptedHost _host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.PauseResume | FeatureFlags.ModifyConnection);

    private GuestProtocol Guest => _host.Guest;

    [Fact]
    public void A_reserved_channel_is_opened_and_closed_with_a_message_slot_of_its_own()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        Guest.OpenReserved(3, 1, 4, gpadl, 2);
        Assert.Equal("1200000000000000" + "03000000" + "01000000" + "04000000" + "101E0E00" + "02000000", Convert.ToHexString(_host.Posted(ChannelMessageType.OpenReservedChannel).Bytes.Span));
        _host.Drop(MessageFault.UnknownTarget, OpenChannelResult.MessageType, new OpenChannelResult { ChildRelid = 3, OpenId = 3 });
        _host.Opened(3, openId: 0);
        Assert.True(_host.Event<GuestEvent.Opened>().Result.IsSuccess);
        Assert.Throws<InvalidOperationException>(() => Guest.Close(3));
        Assert.Throws<InvalidOperationException>(() => Guest.ModifyChannel(3, 1));
        Guest.CloseReserved(3, 2, 5);
        Assert.Equal("1300000000000000" + "03000000" + "02000000" + "05000000", Convert.ToHexString(_host.Posted(ChannelMessageType.CloseReservedChannel).Bytes.Span));
        Assert.Equal(GuestChannelState.Closing, Guest.StateOf(3));
        Closed();
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
        Assert.Equal(GuestChannelState.Offered, Guest.StateOf(3));
        Guest.TeardownGpadl(gpadl);
    }

    [Fact]
    public void The_memory_of_a_reserved_channel_stays_as_it_is_until_it_is_closed()
    {
        uint other = _host.OfferWithGpadl(3), rings = Create();
        Guest.OpenReserved(3, 1, 4, rings, 2);
        _host.Posted(ChannelMessageType.OpenReservedChannel);
        Refuses();
        _host.Opened(3, openId: 0);
        _host.Event<GuestEvent.Opened>();
        Refuses();
        Guest.CloseReserved(3, 1, 4);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
        Refuses();
        Closed();
        Guest.TeardownGpadl(other);
        _host.Posted(ChannelMessageType.GpadlTeardown);

        void Refuses()
        {
            Assert.Throws<InvalidOperationException>(() => Guest.TeardownGpadl(other));
            Assert.Throws<InvalidOperationException>(() => Guest.CreateGpadl(3, [GpadlRange.OfPages(0x200000, 1)]));
        }

        uint Create()
        {
            uint gpadl = Guest.CreateGpadl(3, [GpadlRange.OfPages(0x200000, 4)]);
            _host.Posted(ChannelMessageType.GpadlHeader);
            _host.Created(3, gpadl);
            _host.Event<GuestEvent.GpadlCreated>();
            return gpadl;
        }
    }

    [Fact]
    public void A_channel_with_memory_on_its_way_is_not_opened_as_a_reserved_one()
    {
        uint rings = _host.OfferWithGpadl(3), late = Guest.CreateGpadl(3, [GpadlRange.OfPages(0x200000, 1)]);
        _host.Posted(ChannelMessageType.GpadlHeader);
        Assert.Throws<InvalidOperationException>(() => Guest.OpenReserved(3, 1, 4, rings, 2));
        _host.Created(3, late);
        Guest.TeardownGpadl(late);
        Assert.Throws<InvalidOperationException>(() => Guest.OpenReserved(3, 1, 4, rings, 2));
        _host.TornDown(late);
        Guest.OpenReserved(3, 1, 4, rings, 2);
    }

    [Fact]
    public void A_late_open_that_could_not_be_closed_is_told_of()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        Guest.OpenReserved(3, 1, 4, gpadl, 2);
        _host.Posted(ChannelMessageType.OpenReservedChannel);
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.Opened>().Result.Outcome);
        _host.Opened(3, openId: 0);
        _host.Posted(ChannelMessageType.CloseReservedChannel, HypercallStatus.AccessDenied);
        Assert.Equal(new GuestEvent.NotPosted(ChannelMessageType.CloseReservedChannel, 3, HypercallStatus.AccessDenied), _host.Event<GuestEvent.NotPosted>());
        Assert.Equal(GuestChannelState.Open, Guest.StateOf(3));
    }

    [Fact]
    public void A_channel_that_is_not_reserved_is_not_closed_as_one()
    {
        _host.Open(3);
        Assert.Throws<InvalidOperationException>(() => Guest.CloseReserved(3, 0, 2));
        _host.Drop(MessageFault.WrongState, CloseReservedChannelResponse.MessageType, new CloseReservedChannelResponse { ChildRelid = 3 });
        _host.Drop(MessageFault.UnknownTarget, CloseReservedChannelResponse.MessageType, new CloseReservedChannelResponse { ChildRelid = 4 });
    }

    [Fact]
    public void Reserved_channels_came_with_4_0()
    {
        ScriptedHost old = ScriptedHost.Connected(ProtocolVersion.Win81);
        uint gpadl = old.OfferWithGpadl(3);
        Assert.Throws<InvalidOperationException>(() => old.Guest.OpenReserved(3, 0, 2, gpadl, 2));
    }

    [Fact]
    public void An_open_reserved_channel_outlives_the_connection_and_the_others_do_not()
    {
        OpenReserved();
        _host.Open(4);
        Guest.Unload();
        _host.Posted(ChannelMessageType.Unload);
        _host.Send(ChannelMessageType.UnloadResponse);
        _host.Event<GuestEvent.Unloaded>();
        Assert.Equal([3u], Guest.Offers.Select(offer => offer.Relid));
        Assert.Equal(1, Guest.GpadlCount);

        Guest.Connect(ScriptedHost.Pages);
        _host.Posted(ChannelMessageType.InitiateContact);
        _host.Accept(ProtocolVersion.Copper);
        _host.Event<GuestEvent.Connected>();
        _host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(3));
        Guest.CloseReserved(3, 0, 2);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
        Closed();
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
    }

    [Fact]
    public void Answers_about_reserved_channels_have_no_order_with_the_pause()
    {
        OpenReserved();
        Guest.CloseReserved(3, 0, 2);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
        _host.Pause();
        Closed();
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
    }

    [Fact]
    public void A_reserved_channel_that_opens_late_is_closed_where_it_was_to_be()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        Guest.OpenReserved(3, 1, 4, gpadl, 2);
        _host.Posted(ChannelMessageType.OpenReservedChannel);
        _host.Expire();
        _host.Event<GuestEvent.Opened>();
        _host.Opened(3, openId: 0);
        CloseReservedChannel close = _host.Posted<CloseReservedChannel>(ChannelMessageType.CloseReservedChannel);
        Assert.Equal((1u, 4u), (close.TargetVp, close.TargetSint));
        Closed();
        Assert.Equal(GuestChannelState.Offered, Guest.StateOf(3));
    }

    [Theory]
    [InlineData(ChannelMessageStatus.Success)]
    [InlineData(ChannelMessageStatus.Unsuccessful)]
    internal void A_reserved_channel_closed_while_it_opens_ends_closed_either_way(ChannelMessageStatus status)
    {
        uint gpadl = _host.OfferWithGpadl(3);
        Guest.OpenReserved(3, 1, 4, gpadl, 2);
        _host.Posted(ChannelMessageType.OpenReservedChannel);
        Guest.CloseReserved(3, 0, 2);
        Assert.Equal(RequestOutcome.Cancelled, _host.Event<GuestEvent.Opened>().Result.Outcome);
        _host.Opened(3, status, openId: 0);
        if (status == ChannelMessageStatus.Success)
        {
            _host.Posted(ChannelMessageType.CloseReservedChannel);
            Closed();
        }
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
        Assert.Equal((GuestChannelState.Offered, 0), (Guest.StateOf(3), Guest.PendingRequests));
    }

    [Fact]
    public void A_rescind_ends_the_close_of_a_reserved_channel()
    {
        OpenReserved();
        Guest.CloseReserved(3, 0, 2);
        _host.Rescind(3);
        Assert.Equal(RequestOutcome.Rescinded, _host.Event<GuestEvent.ReservedClosed>().Result.Outcome);
        _host.Event<GuestEvent.Rescinded>();
        _host.Posted(ChannelMessageType.CloseReservedChannel, HypercallStatus.AccessDenied);
        Assert.Equal(GuestChannelState.Rescinded, Guest.StateOf(3));
    }

    [Fact]
    public void A_close_that_was_not_posted_leaves_the_channel_open()
    {
        OpenReserved();
        Guest.CloseReserved(3, 0, 2);
        _host.Posted(ChannelMessageType.CloseReservedChannel, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, _host.Event<GuestEvent.ReservedClosed>().Result.Outcome);
        Guest.CloseReserved(3, 0, 2);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
    }

    private void OpenReserved()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        Guest.OpenReserved(3, 1, 4, gpadl, 2);
        _host.Posted(ChannelMessageType.OpenReservedChannel);
        _host.Opened(3, openId: 0);
        _host.Event<GuestEvent.Opened>();
    }

    private void Closed() => _host.Send(CloseReservedChannelResponse.MessageType, new CloseReservedChannelResponse { ChildRelid = 3 });

    [Fact]
    public void A_reserved_channel_that_outlived_its_connection_is_closed_without_one_and_forgotten()
    {
        Outlive();
        Guest.CloseReserved(3, 2, 7);
        CloseReservedChannel close = _host.Posted<CloseReservedChannel>(ChannelMessageType.CloseReservedChannel);
        Assert.Equal((3u, 2u, 7u), (close.ChildRelid, close.TargetVp, close.TargetSint));
        Closed();
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
        Assert.Equal((0, 0, 0), (Guest.OfferCount, Guest.GpadlCount, Guest.PendingRequests));
        _host.Drop(MessageFault.UnknownTarget, CloseReservedChannelResponse.MessageType, new CloseReservedChannelResponse { ChildRelid = 3 });
    }

    [Fact]
    public void A_close_without_a_connection_that_waits_goes_before_the_next_contact()
    {
        Outlive();
        Guest.CloseReserved(3, 2, 7);
        Guest.Connect(ScriptedHost.Pages);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
        _host.Posted(ChannelMessageType.InitiateContact);
        Assert.Throws<InvalidOperationException>(() => Guest.CloseReserved(3, 2, 7));
        Closed();
        Assert.True(_host.Event<GuestEvent.ReservedClosed>().Result.IsSuccess);
        _host.Accept(ProtocolVersion.Copper);
        _host.Event<GuestEvent.Connected>();
        Assert.Equal(0, Guest.OfferCount);
    }

    [Fact]
    public void A_close_that_nobody_answers_without_a_connection_times_out_and_is_answered_late()
    {
        Outlive();
        Guest.CloseReserved(3, 2, 7);
        _host.Posted(ChannelMessageType.CloseReservedChannel);
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.ReservedClosed>().Result.Outcome);
        GuestProtocol restored = GuestProtocol.Restore(new GuestProtocolOptions { Features = (FeatureFlags)0xFF }, _host.Clock, Guest.Save());
        Assert.Equal(GuestChannelState.Closing, restored.StateOf(3));
        Closed();
        Assert.Equal((1, 0), (Guest.LateAnswers, Guest.OfferCount));
    }

    [Fact]
    public void A_contact_that_fails_does_not_drop_a_close_that_waits()
    {
        Outlive();
        Guest.CloseReserved(3, 2, 7);
        Guest.Connect(ScriptedHost.Pages);
        Guest.Unload();
        _host.Event<GuestEvent.ReservedClosed>();
        Assert.Equal(0, Guest.OfferCount);

        var other = new ReservedTests();
        other.Outlive();
        other.Guest.CloseReserved(3, 2, 7);
        other.Guest.Connect(ScriptedHost.Pages);
        other._host.Expire();
        Assert.Equal(1, other.Guest.WaitingPosts);
        other._host.Posted(ChannelMessageType.CloseReservedChannel);
    }

    private void Outlive()
    {
        OpenReserved();
        Guest.Unload();
        _host.Posted(ChannelMessageType.Unload);
        _host.Send(ChannelMessageType.UnloadResponse);
        _host.Event<GuestEvent.Unloaded>();
    }
}

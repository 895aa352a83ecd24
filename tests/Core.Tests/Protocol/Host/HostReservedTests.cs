using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostReservedTests
{
    private const uint Rings = 0xE1E10;
    private readonly ScriptedGuest _guest = new();

    [Fact]
    public void A_reserved_channel_has_no_interrupts_and_no_monitor_whatever_its_offer_said()
    {
        OfferId offer = _guest.Offer(latency: TimeSpan.FromMicroseconds(100));
        _guest.Connected();
        Assert.Equal(1, _guest.Host.MonitorIdsInUse);
        _guest.CreateGpadl(offer, Rings);
        Assert.Equal(MessageFault.None, _guest.SendOpenReserved());
        HostOpenRequest request = _guest.Action<HostAction.Open>().Request;
        Assert.True(request.IsReserved);
        Assert.Null(request.TargetVp);
        Assert.Null(request.MonitorId);
    }

    [Fact]
    public void Answers_of_a_reserved_channel_go_where_they_were_asked_for()
    {
        OfferId offer = _guest.Offer();
        _guest.Connected();
        _guest.CreateGpadl(offer, Rings);
        _guest.SendOpenReserved(vp: 3, sint: 5);
        _guest.DoAll();
        QueuedMessage opened = Assert.Single(_guest.Posts());
        Assert.Equal((ChannelMessageType.OpenChannelResult, new MessageTarget(3, 5)), (opened.Type, opened.Target));
        Assert.Equal(MessageFault.None, _guest.SendCloseReserved(vp: 4, sint: 6));
        _guest.NothingPosted();
        _guest.DoAll();
        QueuedMessage closed = Assert.Single(_guest.Posts());
        Assert.Equal((ChannelMessageType.CloseReservedChannelResponse, new MessageTarget(4, 6)), (closed.Type, closed.Target));
    }

    [Fact]
    public void Reserved_channels_and_others_are_closed_by_their_own_messages()
    {
        _guest.OpenedReserved();
        Assert.Equal(MessageFault.WrongState, _guest.SendClose());
        Assert.Equal(MessageFault.WrongState, _guest.SendModify(1));
        Assert.Equal(MessageFault.WrongState, _guest.SendTeardown());
        Assert.Equal(MessageFault.WrongState, _guest.SendGpadl(1, 5));

        var other = new ScriptedGuest();
        other.Opened();
        Assert.Equal(MessageFault.WrongState, other.SendCloseReserved());
        Assert.Equal(MessageFault.WrongState, other.SendOpenReserved());
        Assert.Equal(MessageFault.UnknownTarget, other.SendCloseReserved(9));
    }

    [Theory]
    [InlineData(64u, 2u)]
    [InlineData(0u, 16u)]
    [InlineData(0u, 0x102u)]
    public void Answers_that_could_go_nowhere_are_not_asked_for(uint vp, uint sint)
    {
        OfferId offer = _guest.OpenedReserved();
        Assert.Equal(MessageFault.InvalidField, _guest.SendOpenReserved(vp: vp, sint: sint));
        Assert.Equal(MessageFault.InvalidField, _guest.SendCloseReserved(vp: vp, sint: sint));
        _guest.NothingPosted();
        _guest.NothingToDo();
        _guest.Host.Revoke(offer);
    }

    [Fact]
    public void A_reserved_channel_survives_the_connection_and_is_closed_in_a_later_one()
    {
        OfferId offer = _guest.OpenedReserved();
        _guest.Offer(2);
        _guest.Posts();
        _guest.Actions();
        _guest.Send(ChannelMessageType.Unload);
        Assert.Equal([typeof(HostAction.Released), typeof(HostAction.Disconnect)], _guest.Actions().Select(action => action.GetType()));
        _guest.Host.CompleteDisconnect();
        _guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
        Assert.Equal((1, 1), (_guest.Host.RelidsInUse, _guest.Host.GpadlCount));

        _guest.Contact(ProtocolVersion.Iron);
        _guest.DoAll();
        _guest.Posts();
        _guest.Send(ChannelMessageType.RequestOffers);
        OfferChannel other = ChannelMessages.Read<OfferChannel>(_guest.Posts()[0].Bytes.Span);
        Assert.Equal(2u, other.ChildRelid);
        _guest.Actions();
        Assert.Equal(MessageFault.None, _guest.SendCloseReserved());
        Assert.Equal(new HostAction.Close(offer), _guest.Action<HostAction.Close>());
        _guest.Host.CompleteClose(offer);
        Assert.Equal(ChannelMessageType.CloseReservedChannelResponse, Assert.Single(_guest.Posts()).Type);
        Assert.Equal(MessageFault.None, _guest.SendTeardown());
        _guest.DoAll();
        Assert.Equal(0, _guest.Host.GpadlCount);
    }

    [Fact]
    public void A_reserved_channel_that_closes_while_the_guest_leaves_is_answered_and_released()
    {
        OfferId offer = _guest.OpenedReserved();
        _guest.SendCloseReserved();
        _guest.Action<HostAction.Close>();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        _guest.Posts();
        Assert.Equal(HostState.Disconnected, _guest.Host.State);
        _guest.Host.CompleteClose(offer);
        Assert.Equal(ChannelMessageType.CloseReservedChannelResponse, Assert.Single(_guest.Posts()).Type);
        _guest.DoAll();
        _guest.NothingPosted();
        _guest.NothingLeaks();
    }

    [Fact]
    public void A_reserved_channel_whose_open_fails_while_the_guest_is_away_is_released()
    {
        OfferId offer = _guest.Offer();
        _guest.Connected();
        _guest.CreateGpadl(offer, Rings);
        _guest.SendOpenReserved();
        _guest.Actions();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        _guest.Posts();
        _guest.Host.CompleteOpen(offer, ChannelMessageStatus.Unsuccessful);
        _guest.DoAll();
        _guest.NothingLeaks();
    }

    [Fact]
    public void Reset_takes_reserved_channels_too()
    {
        _guest.OpenedReserved();
        _guest.Host.Reset();
        _guest.DoAll();
        _guest.NothingPosted();
        _guest.NothingLeaks();
    }

    [Fact]
    public void Reset_without_a_connection_takes_reserved_channels_too()
    {
        _guest.OpenedReserved();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        Assert.Equal((HostState.Disconnected, 1), (_guest.Host.State, _guest.Host.RelidsInUse));
        _guest.Host.Reset();
        Assert.False(_guest.Host.CanReceive);
        _guest.DoAll();
        _guest.NothingLeaks();
    }

    [Fact]
    public void Reset_between_the_disconnect_and_its_answer_takes_reserved_channels_too()
    {
        _guest.OpenedReserved();
        _guest.Send(ChannelMessageType.Unload);
        _guest.Action<HostAction.Disconnect>();
        _guest.Host.Reset();
        _guest.Host.CompleteDisconnect();
        Assert.Equal(HostState.Disconnecting, _guest.Host.State);
        _guest.DoAll();
        _guest.NothingLeaks();
    }

    [Fact]
    public void A_revoked_reserved_channel_still_answers_its_close()
    {
        _guest.Host.Revoke(_guest.OpenedReserved());
        _guest.Post<RescindOffer>(ChannelMessageType.RescindOffer);
        Assert.Equal(MessageFault.None, _guest.SendCloseReserved());
        Assert.Equal(ChannelMessageType.CloseReservedChannelResponse, Assert.Single(_guest.Posts()).Type);

        var closing = new ScriptedGuest();
        OfferId offer = closing.OpenedReserved();
        closing.SendCloseReserved();
        closing.Host.Revoke(offer);
        Assert.Equal([ChannelMessageType.CloseReservedChannelResponse, ChannelMessageType.RescindOffer], closing.Posts().Select(post => post.Type));
    }

    [Fact]
    public void A_slot_that_is_never_read_holds_up_nothing_else_and_is_given_up()
    {
        OfferId offer = _guest.Offer();
        _guest.Connected();
        _guest.CreateGpadl(offer, Rings);
        _guest.SendOpenReserved(vp: 9, sint: 9);
        _guest.DoAll();
        _guest.Offer(2);
        Assert.True(_guest.Host.TryPeekPost(out QueuedMessage stuck));
        Assert.Equal(9u, stuck.Target.Vp);
        _guest.Host.CompletePost(HypercallStatus.InvalidSynicState);
        _guest.Post<OfferChannel>(ChannelMessageType.OfferChannel);
        for (int attempt = 0; attempt < 100 && _guest.Host.WaitingMessages > 0; attempt++)
        {
            _guest.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(_guest.Host.TryPeekPost(out _));
            _guest.Host.CompletePost(HypercallStatus.InvalidSynicState);
        }

        Assert.Equal((0, 1), (_guest.Host.WaitingMessages, _guest.Host.MessagesGivenUp));
        Assert.Null(_guest.Host.UntilDue);
    }

    [Fact]
    public void An_answer_that_waits_beside_the_connection_is_dropped_when_its_relid_is_released()
    {
        OfferId offer = _guest.OpenedReserved();
        _guest.SendCloseReserved();
        _guest.Action<HostAction.Close>();
        _guest.Host.CompleteClose(offer);
        _guest.Host.Revoke(offer);
        Assert.Equal(2, _guest.Host.WaitingMessages);
        Assert.Equal(MessageFault.None, _guest.SendReleased());
        Assert.Equal(ChannelMessageType.RescindOffer, Assert.Single(_guest.Posts()).Type);
    }

    // The guest that crashes closes what its debugger had open when there is no connection any more, or not yet a new one.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reserved_channel_is_closed_without_a_connection(bool isConnecting)
    {
        OfferId offer = _guest.OpenedReserved();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        _guest.Posts();
        if (isConnecting)
        {
            _guest.Contact(ProtocolVersion.Iron);
            _guest.Action<HostAction.Connect>();
        }

        Assert.Equal(MessageFault.None, _guest.SendCloseReserved(vp: 2, sint: 7));
        Assert.Equal(new HostAction.Close(offer), _guest.Action<HostAction.Close>());
        _guest.Host.CompleteClose(offer);
        QueuedMessage answer = Assert.Single(_guest.Posts());
        Assert.Equal((ChannelMessageType.CloseReservedChannelResponse, new MessageTarget(2, 7)), (answer.Type, answer.Target));
        Assert.Equal(0, _guest.Host.Faults.Total);
        _guest.DoAll();
        Assert.Equal((0, 0), (_guest.Host.RelidsInUse, _guest.Host.GpadlCount));
    }

    [Fact]
    public void A_connection_older_than_4_0_closes_no_reserved_channel()
    {
        _guest.OpenedReserved();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        _guest.Connected(ProtocolVersion.Win81);
        Assert.Equal(MessageFault.NotInVersion, _guest.SendCloseReserved());
    }
}

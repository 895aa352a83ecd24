using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostPostingTests
{
    private readonly ScriptedGuest _guest = new();

    [Fact]
    public void A_message_without_room_waits_and_room_ends_the_wait()
    {
        _guest.Connected(requestOffers: false);
        _guest.Send(ChannelMessageType.RequestOffers);
        Assert.True(_guest.Host.TryPeekPost(out _));
        _guest.Host.CompletePost(HypercallStatus.ObjectInUse);
        Assert.False(_guest.Host.TryPeekPost(out _));
        Assert.Equal(PostRetryPolicy.Host.FirstDelay, _guest.Host.UntilDue);
        _guest.Host.Hurry();
        _guest.Post<AllOffersDelivered>(ChannelMessageType.AllOffersDelivered);
        Assert.Null(_guest.Host.UntilDue);
    }

    [Fact]
    public void A_guest_that_does_not_read_its_answers_is_not_heard_until_it_does()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { MaxWaitingAnswers = 3 });
        guest.Connected();
        for (int answer = 0; answer < 3; answer++)
        {
            Assert.True(guest.Host.CanReceive);
            guest.SendOpen(relid: 9);
        }

        Assert.Equal((false, 3), (guest.Host.CanReceive, guest.Host.WaitingAnswers));
        Assert.Throws<InvalidOperationException>(() => guest.SendOpen(relid: 9));
        Assert.True(guest.Host.TryPeekPost(out _));
        guest.Host.CompletePost(HypercallStatus.ObjectInUse);
        Assert.False(guest.Host.CanReceive);
        guest.Host.Hurry();
        Assert.True(guest.Host.TryPeekPost(out _));
        guest.Host.CompletePost(HypercallStatus.Success);
        Assert.True(guest.Host.CanReceive);
    }

    [Fact]
    public void Offers_are_no_answers_and_do_not_keep_a_guest_from_being_heard()
    {
        for (int instance = 1; instance <= 500; instance++)
            _guest.Offer(instance);
        _guest.Connected(requestOffers: false);
        _guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal((501, 0, true), (_guest.Host.WaitingMessages, _guest.Host.WaitingAnswers, _guest.Host.CanReceive));
    }

    [Fact]
    public void Whatever_a_guest_asks_no_more_answers_wait_than_are_allowed()
    {
        _guest.Connected();
        int heard = 0;
        while (_guest.Host.CanReceive)
        {
            _guest.SendOpen(relid: 9);
            Assert.True(++heard <= _guest.Options.MaxWaitingAnswers);
        }

        Assert.Equal(_guest.Options.MaxWaitingAnswers, _guest.Host.WaitingMessages);
    }

    [Fact]
    public void A_paused_guest_gets_its_answer_and_then_nothing()
    {
        OfferId offer = _guest.Opened();
        _guest.SendTeardown();
        _guest.SendClose();
        _guest.Actions();
        _guest.SendOpen(relid: 9);
        Assert.Equal(MessageFault.None, _guest.Send(ChannelMessageType.Pause));
        Assert.Equal(HostState.Paused, _guest.Host.State);
        _guest.Offer(2);
        Assert.Equal([ChannelMessageType.OpenChannelResult, ChannelMessageType.PauseResponse], _guest.Posts().Select(post => post.Type));
        _guest.Host.CompleteClose(offer);
        _guest.DoAll();
        _guest.NothingPosted();
        Assert.Null(_guest.Host.UntilDue);
        Assert.Equal(MessageFault.None, _guest.Send(ChannelMessageType.Resume));
        Assert.Equal([ChannelMessageType.OfferChannel, ChannelMessageType.GpadlTorndown], _guest.Posts().Select(post => post.Type));
    }

    [Fact]
    public void While_paused_nothing_but_resume_unload_and_contact_is_taken()
    {
        foreach (ChannelMessageRule rule in ChannelMessages.All.Where(rule => rule.Direction == MessageDirection.GuestToHost))
        {
            var guest = new ScriptedGuest();
            guest.Opened();
            guest.Send(ChannelMessageType.Pause);
            guest.Posts();
            byte[] message = ChannelMessages.ToBytes(rule.Type, default(OpenChannel2));
            bool taken = rule.Type is ChannelMessageType.Resume or ChannelMessageType.Unload or ChannelMessageType.InitiateContact;
            Assert.Equal(taken ? MessageFault.None : MessageFault.WrongState, guest.Host.Receive(message));
            Assert.Equal(taken ? 0 : 1, guest.Host.Faults.Total);
            Assert.Equal(!taken, guest.Host.State == HostState.Paused);
            if (!taken)
                guest.NothingToDo();
        }
    }

    [Fact]
    public void A_paused_guest_is_heard_however_many_answers_wait()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { MaxWaitingAnswers = 1 });
        OfferId offer = guest.Offer();
        guest.Connected();
        for (uint gpadl = 1; gpadl <= 5; gpadl++)
            guest.SendGpadl(1, gpadl);
        guest.Send(ChannelMessageType.Pause);
        guest.Posts();
        guest.DoAll();
        Assert.Equal((5, true), (guest.Host.WaitingAnswers, guest.Host.CanReceive));
        guest.Send(ChannelMessageType.Resume);
        Assert.False(guest.Host.CanReceive);
        Assert.Equal(5, guest.Posts().Count);
        Assert.True(guest.Host.CanReceive);
        guest.Host.Revoke(offer);
    }

    [Fact]
    public void A_paused_guest_that_leaves_is_answered()
    {
        _guest.Connected();
        _guest.Send(ChannelMessageType.Pause);
        _guest.Posts();
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll();
        _guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
        _guest.NothingLeaks();
    }

    [Fact]
    public void Resume_without_a_pause_is_counted()
    {
        _guest.Connected();
        Assert.Equal(MessageFault.WrongState, _guest.Send(ChannelMessageType.Resume));
        Assert.Equal(HostState.Connected, _guest.Host.State);
    }

    [Fact]
    public void Answers_of_reserved_channels_go_out_while_the_rest_is_paused()
    {
        OfferId offer = _guest.OpenedReserved();
        _guest.SendCloseReserved();
        _guest.Actions();
        _guest.Send(ChannelMessageType.Pause);
        _guest.Posts();
        _guest.Host.CompleteClose(offer);
        Assert.Equal(ChannelMessageType.CloseReservedChannelResponse, Assert.Single(_guest.Posts()).Type);
    }

    // A guest that has turned its SynIC off was asked a hundred times a second, for ever.
    [Fact]
    public void A_guest_whose_SynIC_is_off_is_asked_ever_less_often_and_given_up_after_a_minute()
    {
        var guest = new ScriptedGuest();
        guest.Offer(1);
        guest.Offer(2);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        int tries = 0;
        TimeSpan passed = TimeSpan.Zero;
        while (guest.Host.WaitingMessages > 0)
        {
            TimeSpan due = guest.Host.UntilDue!.Value;
            Assert.InRange(due, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            guest.Clock.Advance(due);
            passed += due;
            Assert.True(guest.Host.TryPeekPost(out _));
            guest.Host.CompletePost(HypercallStatus.InvalidSynicState);
            tries++;
        }

        Assert.InRange(passed, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(61));
        Assert.InRange(tries, 60, 80);
        Assert.Equal((3, tries - 1), (guest.Host.MessagesGivenUp, guest.Host.PostsDelayed));
        Assert.Equal(0, guest.Host.WaitingAnswers);

        // It goes on with a contact, as after a crash.
        guest.Contact(ProtocolVersion.Iron);
        guest.DoAll();
        Assert.Equal(HostState.Connected, guest.Host.State);
    }

    [Fact]
    public void A_guest_that_turns_its_SynIC_on_again_misses_nothing()
    {
        var guest = new ScriptedGuest();
        guest.Offer(1);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        for (int second = 0; second < 59; second++)
        {
            Assert.True(guest.Host.TryPeekPost(out _));
            guest.Host.CompletePost(second == 30 ? HypercallStatus.ObjectInUse : HypercallStatus.InvalidSynicState);
            guest.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        guest.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.True(guest.Host.TryPeekPost(out _));
        guest.Host.CompletePost(HypercallStatus.InvalidSynicState);
        guest.Host.Hurry();
        Assert.Equal([ChannelMessageType.OfferChannel, ChannelMessageType.AllOffersDelivered], guest.Posts().Select(post => post.Type));
        Assert.Equal(0, guest.Host.MessagesGivenUp);
    }

    [Fact]
    public void A_given_up_pause_leaves_a_host_that_goes_on()
    {
        var guest = new ScriptedGuest();
        guest.Connected();
        guest.Offer(1);
        guest.Send(ChannelMessageType.Pause);
        for (int second = 0; second < 70 && guest.Host.TryPeekPost(out _); second++)
        {
            guest.Host.CompletePost(HypercallStatus.InvalidSynicState);
            guest.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((2, 0, 0), (guest.Host.MessagesGivenUp, guest.Host.WaitingMessages, guest.Host.WaitingAnswers));
        guest.Offer(2);
        guest.NothingPosted();
        guest.Send(ChannelMessageType.Resume);
        guest.Post<OfferChannel>(ChannelMessageType.OfferChannel);
    }
}

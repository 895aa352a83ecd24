using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

public sealed class OfferTests
{
    [Fact]
    public void An_offer_says_everything_about_its_channel()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        GuestOffer offer = host.Offer(7, flags: OfferFlags.RequestMonitoredNotification);
        Assert.Equal((7u, 7u, true, (int?)5, 0x20007u, true), (offer.Relid, offer.PrimaryRelid, offer.IsPrimary, offer.MonitorId, offer.ConnectionId, offer.HasDedicatedInterrupt));
        Assert.Equal((ScriptedHost.NetworkClass, OfferFlags.RequestMonitoredNotification, null), (offer.InterfaceType, offer.Flags, offer.PipeMode));
        Assert.Equal((TimeSpan.FromMicroseconds(100), (ushort)8), (offer.InterruptLatency, offer.MmioMegabytes));
        Assert.Equal((120, 196), (offer.UserData.Length, offer.Message.Length));
        Assert.Equal(GuestChannelState.Offered, host.Guest.StateOf(7));
        Assert.Same(offer, Assert.Single(host.Guest.Offers));
    }

    [Theory]
    [InlineData(190)]
    [InlineData(196)]
    public void An_offer_of_a_0_13_host_shares_its_connection_and_its_interrupt_however_long_it_is(int length)
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Ws2008);
        host.Say(ScriptedHost.OfferBytes(7, length: length));
        GuestOffer offer = host.Event<GuestEvent.Offered>().Offer;
        Assert.Equal((2u, false, (int?)5), (offer.ConnectionId, offer.HasDedicatedInterrupt, offer.MonitorId));
    }

    [Fact]
    public void A_short_offer_is_too_short_from_1_1_on()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Win7);
        host.Drop(MessageFault.TooShort, ScriptedHost.OfferBytes(7, length: 190));
        Assert.Equal(0, host.Guest.OfferCount);
    }

    [Fact]
    public void A_pipes_offer_says_which_kind()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        byte[] message = ScriptedHost.OfferBytes(7, flags: OfferFlags.NamedPipeMode, monitor: null);
        message[60] = (byte)PipeMode.Message;
        host.Say(message);
        GuestOffer offer = host.Event<GuestEvent.Offered>().Offer;
        Assert.Equal((PipeMode.Message, null), (offer.PipeMode, offer.MonitorId));
    }

    [Fact]
    public void Subchannels_stand_under_the_primary_channel_of_their_device()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        Guid nic = Guid.NewGuid(), other = Guid.NewGuid();
        host.Offer(3, instance: nic);
        host.Offer(4, instance: other);
        GuestOffer first = host.Offer(9, subchannel: 1, instance: nic);
        GuestOffer second = host.Offer(5, subchannel: 2, instance: nic);
        Assert.Equal((3u, false), (first.PrimaryRelid, first.IsPrimary));
        Assert.Equal([first, second], host.Guest.SubchannelsOf(3));
        Assert.Empty(host.Guest.SubchannelsOf(4));

        host.Rescind(9);
        host.Event<GuestEvent.Rescinded>();
        host.Guest.ReleaseRelid(9);
        Assert.Equal([second], host.Guest.SubchannelsOf(3));
    }

    [Fact]
    public void A_subchannel_of_a_device_nobody_knows_is_dropped()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Drop(MessageFault.UnknownTarget, ScriptedHost.OfferBytes(3, subchannel: 1));
    }

    [Fact]
    public void A_subchannel_of_a_rescinded_device_is_dropped()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(3, instance: Guid.Empty);
        host.Rescind(3);
        host.Drop(MessageFault.UnknownTarget, ScriptedHost.OfferBytes(4, subchannel: 1, instance: Guid.Empty));
    }

    [Fact]
    public void An_offer_with_a_relid_in_use_is_dropped_until_the_relid_is_released()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(3);
        host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(3, instance: Guid.NewGuid()));
        host.Rescind(3);
        host.Event<GuestEvent.Rescinded>();
        host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(3));
        host.Guest.ReleaseRelid(3);
        Assert.Equal(3u, host.Posted<RelidReleased>(ChannelMessageType.RelidReleased).ChildRelid);
        host.Offer(3);
    }

    [Fact]
    public void A_device_offered_twice_is_dropped_unless_the_first_was_rescinded()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(3, instance: Guid.Empty);
        host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(4, instance: Guid.Empty));
        host.Rescind(3);
        host.Event<GuestEvent.Rescinded>();
        host.Offer(4, instance: Guid.Empty);
        host.Guest.ReleaseRelid(3);
        host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(5, instance: Guid.Empty));
    }

    [Fact]
    public void A_relid_has_an_event_flag_and_a_monitor_a_bit()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Drop(MessageFault.InvalidField, ScriptedHost.OfferBytes(0));
        host.Drop(MessageFault.InvalidField, ScriptedHost.OfferBytes(2048));
        host.Drop(MessageFault.InvalidField, ScriptedHost.OfferBytes(uint.MaxValue));
        host.Drop(MessageFault.InvalidField, ScriptedHost.OfferBytes(3, monitor: 128));
        host.Offer(2047, monitor: 127);
    }

    [Fact]
    public void Offers_beyond_the_limit_are_dropped_and_rescinded_ones_count_until_they_are_released()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron, options: new GuestProtocolOptions { MaxOffers = 2 });
        host.Offer(1);
        host.Offer(2);
        host.Drop(MessageFault.LimitExceeded, ScriptedHost.OfferBytes(3));
        host.Rescind(1);
        host.Event<GuestEvent.Rescinded>();
        host.Drop(MessageFault.LimitExceeded, ScriptedHost.OfferBytes(3));
        host.Guest.ReleaseRelid(1);
        host.Offer(3);
    }

    [Fact]
    public void Offers_are_asked_for_once_and_their_end_comes_once()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Drop(MessageFault.WrongState, AllOffersDelivered.MessageType, new AllOffersDelivered());
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers);
        host.Send(ChannelMessageType.AllOffersDelivered);
        Assert.True(host.Event<GuestEvent.AllOffersDelivered>().Result.IsSuccess);
        host.Drop(MessageFault.WrongState, AllOffersDelivered.MessageType, new AllOffersDelivered());
        Assert.Throws<InvalidOperationException>(host.Guest.RequestOffers);
    }

    [Fact]
    public void Offers_that_come_late_are_still_offers()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers);
        host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        host.Offer(1);
        host.Send(ChannelMessageType.AllOffersDelivered);
        Assert.Equal(1, host.Guest.LateAnswers);
        Assert.Throws<InvalidOperationException>(host.Guest.RequestOffers);
    }

    [Fact]
    public void A_request_for_offers_that_timed_out_is_waited_for_once_more_without_asking_again()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers);
        Assert.Throws<InvalidOperationException>(host.Guest.RequestOffers);
        host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        host.Guest.RequestOffers();
        host.PostsNothing();
        host.Send(ChannelMessageType.AllOffersDelivered);
        Assert.True(host.Event<GuestEvent.AllOffersDelivered>().Result.IsSuccess);
    }

    [Fact]
    public void A_host_that_reuses_relids_that_wait_to_be_released_is_broken_off()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(9);
        for (int round = 0; round < 2047; round++)
        {
            host.Offer(7, instance: new Guid(round, 0, 0, new byte[8]));
            host.Rescind(7);
            host.Event<GuestEvent.Rescinded>();
            host.Guest.ReleaseRelid(7);
        }

        Assert.Equal((2047, GuestConnectionState.Connected), (host.Guest.WaitingPosts, host.Guest.State));
        host.Posted(ChannelMessageType.RelidReleased);
        host.Offer(7);
        host.Rescind(7);
        host.Event<GuestEvent.Rescinded>();
        host.Guest.ReleaseRelid(7);
        host.NoEvent();
        host.Guest.RequestOffers();
        host.Offer(7);
        host.Rescind(7);
        host.Event<GuestEvent.Rescinded>();
        host.Guest.ReleaseRelid(7);
        Assert.Equal(RequestOutcome.Disconnected, host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        Assert.Contains("2047", host.Event<GuestEvent.BrokenOff>().Reason, StringComparison.Ordinal);
        Assert.Equal((0, 0, GuestConnectionState.Disconnected), (host.Guest.WaitingPosts, host.Guest.OfferCount, host.Guest.State));
    }

    [Fact]
    public void A_request_for_offers_that_was_not_posted_can_be_repeated()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, host.Event<GuestEvent.AllOffersDelivered>().Result.Outcome);
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers);
    }

    [Fact]
    public void A_rescind_of_no_channel_or_of_one_twice_is_dropped()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Drop(MessageFault.UnknownTarget, RescindOffer.MessageType, new RescindOffer { ChildRelid = 3 });
        host.Offer(3);
        host.Rescind(3);
        host.Drop(MessageFault.WrongState, RescindOffer.MessageType, new RescindOffer { ChildRelid = 3 });
        Assert.Equal(3u, host.Event<GuestEvent.Rescinded>().Relid);
        host.NoEvent();
    }

    [Fact]
    public void A_relid_in_use_is_not_released()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Open(3);
        Assert.Throws<InvalidOperationException>(() => host.Guest.ReleaseRelid(3));
        Assert.Throws<ArgumentException>(() => host.Guest.ReleaseRelid(4));
        host.Offer(4);
        host.Guest.ReleaseRelid(4);
        host.Posted(ChannelMessageType.RelidReleased);
        Assert.Null(host.Guest.StateOf(4));
    }

    [Fact]
    public void A_release_that_cannot_be_posted_is_told()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(4);
        host.Guest.ReleaseRelid(4);
        host.Posted(ChannelMessageType.RelidReleased, HypercallStatus.AccessDenied);
        Assert.Equal(new GuestEvent.NotPosted(ChannelMessageType.RelidReleased, 4, HypercallStatus.AccessDenied), host.Event<GuestEvent.NotPosted>());
    }
}

using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostOfferTests
{
    private static readonly TimeSpan Latency = TimeSpan.FromMicroseconds(100);

    [Fact]
    public void An_offer_is_the_bytes_guests_read()
    {
        var guest = new ScriptedGuest();
        guest.Host.Offer(ScriptedGuest.MakeOffer(0x01020304));      // its primary
        OfferId offer = guest.Host.Offer(ScriptedGuest.MakeOffer(0x01020304, 5, Latency) with
        {
            Flags = OfferFlags.EnumerateDeviceInterface | OfferFlags.ConfidentialRingBuffer | OfferFlags.RequirePinned,
            UserData = new byte[] { 0xAA, 0xBB, 0xCC, 0xDD, 0xEE },
            PipeMode = PipeMode.Message,
            MmioMegabytes = 0x1122,
            MmioMegabytesOptional = 0x3344,
            Relid = 0x123,
        });
        guest.Connected(requestOffers: false);
        Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.RequestOffers));
        List<QueuedMessage> posts = guest.Posts();
        Assert.Equal([ChannelMessageType.OfferChannel, ChannelMessageType.OfferChannel, ChannelMessageType.AllOffersDelivered], posts.Select(post => post.Type));
        string expected = "0100000000000000" + "635161F83EDFC546913FF2D2F965ED0E" + "04030201000000000000000000000000"
            + "E803000000000000" + "0000000000000000" // 100 µs in units of 100 ns
            + "1100" + "2211" // enumerate and pipe; without confidential memory and pinning
            + "04000000EE" + new string('0', 2 * 115) + "0500" + "4433"
            + "23010000" + "00" + "01" + "0100" + "23210000"; // relid, monitor 0, dedicated, connection
        Assert.Equal(expected, Convert.ToHexString(posts[1].Bytes.Span));
        List<HostAction> actions = guest.Actions();
        Assert.Equal((2, new HostAction.Offered(offer, 0x123, 0, 0x2123)), (actions.Count, actions[1]));
    }

    [Fact]
    public void Before_1_1_an_offer_ends_behind_its_monitor_and_every_channel_shares_one_connection()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer(latency: Latency);
        guest.Connected(ProtocolVersion.Ws2008, requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        byte[] bytes = guest.Posts()[0].Bytes.ToArray();
        Assert.Equal(190, bytes.Length);
        Assert.Equal("01000000" + "00" + "01", Convert.ToHexString(bytes.AsSpan(184)));
        Assert.Equal(new HostAction.Offered(offer, 1, 0, 2), guest.Action<HostAction.Offered>());
    }

    [Fact]
    public void A_dedicated_interrupt_is_there_from_2_4_on_and_always_from_5_0_on()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known.Where(version => version > ProtocolVersion.Ws2008))
        {
            var guest = new ScriptedGuest();
            guest.Offer(1);
            guest.Host.Offer(ScriptedGuest.MakeOffer(2) with { HasDedicatedInterrupt = false });
            guest.Connected(version, requestOffers: false);
            guest.Send(ChannelMessageType.RequestOffers);
            bool[] dedicated = [.. guest.Posts().Take(2).Select(post => ChannelMessages.Read<OfferChannel>(post.Bytes.Span).IsDedicatedInterrupt)];
            Assert.Equal([version >= ProtocolVersion.Win8, version >= ProtocolVersion.Win10Rs3V2], dedicated);
        }
    }

    [Fact]
    public void Sint_and_vtl_are_in_the_connection_id()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { Sint = 5, Vtl = 2 });
        guest.Offer();
        guest.Send(ChannelMessageType.InitiateContact, new InitiateContact { VersionRequested = ProtocolVersion.Iron, TargetSint = 5, TargetVtl = 2 });
        guest.DoAll();
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal(0x25001u, guest.Action<HostAction.Offered>().ConnectionId);
        Assert.All(guest.Posts(), post => Assert.Equal(new MessageTarget(0, 5, 2), post.Target));
    }

    [Fact]
    public void Offers_are_asked_for_once()
    {
        ScriptedGuest guest = new ScriptedGuest().Connected();
        Assert.Equal(MessageFault.WrongState, guest.Send(ChannelMessageType.RequestOffers));
        guest.NothingPosted();
    }

    [Fact]
    public void A_channel_offered_later_is_told_at_once_but_not_before_offers_were_asked_for()
    {
        ScriptedGuest guest = new ScriptedGuest().Connected(requestOffers: false);
        guest.Offer(1);
        guest.NothingPosted();
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal(2, guest.Posts().Count);
        guest.Offer(2);
        Assert.Equal(2u, guest.Post<OfferChannel>(ChannelMessageType.OfferChannel).ChildRelid);
    }

    [Fact]
    public void Subchannels_follow_their_primary_as_they_were_offered()
    {
        var guest = new ScriptedGuest();
        for (ushort subchannel = 0; subchannel < 4; subchannel++)
            guest.Offer(1, subchannel);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        OfferChannel[] offers = [.. guest.Posts().Take(4).Select(post => ChannelMessages.Read<OfferChannel>(post.Bytes.Span))];
        Assert.Equal([0, 1, 2, 3], offers.Select(offer => (int)offer.Offer.SubchannelIndex));
        Assert.Single(offers.Select(offer => offer.Offer.InterfaceInstance).Distinct());
    }

    [Fact]
    public void Monitor_ids_are_given_out_to_the_last_and_come_back()
    {
        var guest = new ScriptedGuest();
        for (int instance = 1; instance <= 130; instance++)
            guest.Offer(instance, latency: Latency);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        OfferChannel[] offers = [.. guest.Posts().Take(130).Select(post => ChannelMessages.Read<OfferChannel>(post.Bytes.Span))];
        Assert.Equal(Enumerable.Range(0, 128), offers.Where(offer => offer.IsMonitorAllocated).Select(offer => (int)offer.MonitorId));
        Assert.All(offers[128..], offer => Assert.Equal((byte)0xFF, offer.MonitorId));
        Assert.Equal(128, guest.Host.MonitorIdsInUse);

        guest.SendReleased(8);
        Assert.Equal(127, guest.Host.MonitorIdsInUse);
        guest.Actions();
        guest.Offer(500, latency: Latency);
        Assert.Equal(7, guest.Action<HostAction.Offered>().MonitorId);
        guest.Send(ChannelMessageType.Unload);
        guest.DoAll();
        guest.NothingLeaks();
    }

    [Fact]
    public void A_guest_without_monitor_pages_gets_no_monitors()
    {
        var guest = new ScriptedGuest();
        guest.Offer(latency: Latency);
        guest.Contact(ProtocolVersion.Iron, parentToChild: 0, childToParent: 0);
        guest.DoAll();
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.False(ChannelMessages.Read<OfferChannel>(guest.Posts()[1].Bytes.Span).IsMonitorAllocated);
        Assert.Equal(0, guest.Host.MonitorIdsInUse);
    }

    [Fact]
    public void Offers_that_cannot_be_meant_throw()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { MaxChannels = 2, RelidBase = 10 });
        HostOffer offer = ScriptedGuest.MakeOffer();
        Assert.Throws<ArgumentException>(() => guest.Host.Offer(offer with { UserData = new byte[121] }));
        foreach (long ticks in (long[])[-1, 0, 65536])
            Assert.Throws<ArgumentOutOfRangeException>(() => guest.Host.Offer(offer with { MonitorLatency = TimeSpan.FromTicks(ticks) }));
        Assert.Throws<InvalidOperationException>(() => guest.Host.Offer(offer with { Relid = 9 }));
        Assert.Throws<InvalidOperationException>(() => guest.Host.Offer(offer with { Relid = 12 }));
        guest.Host.Offer(offer with { Relid = 11 });
        Assert.Throws<InvalidOperationException>(() => guest.Host.Offer(offer));
        Assert.Throws<InvalidOperationException>(() => guest.Host.Offer(ScriptedGuest.MakeOffer(2) with { Relid = 11 }));
        guest.Offer(3);
        Assert.False(guest.Host.CanOffer);
        Assert.Throws<InvalidOperationException>(() => guest.Offer(4));
        guest.Connected();
        Assert.Equal(2, guest.Host.RelidsInUse);
    }

    [Fact]
    public void A_relid_is_used_again_only_when_the_guest_has_released_it()
    {
        ScriptedGuest guest = new ScriptedGuest();
        OfferId first = guest.Offer(1);
        guest.Connected();
        guest.Host.Revoke(first);
        Assert.Equal(1u, guest.Post<RescindOffer>(ChannelMessageType.RescindOffer).ChildRelid);
        guest.Offer(2);
        Assert.Equal(2u, guest.Post<OfferChannel>(ChannelMessageType.OfferChannel).ChildRelid);
        Assert.Equal(2, guest.Host.RelidsInUse);
        guest.Actions();
        Assert.Equal(MessageFault.None, guest.SendReleased(1));
        Assert.Equal(new HostAction.Released(first), guest.Action<HostAction.Released>());
        guest.Offer(3);
        Assert.Equal(1u, guest.Post<OfferChannel>(ChannelMessageType.OfferChannel).ChildRelid);
        Assert.Equal(MessageFault.UnknownTarget, guest.SendReleased(3));
    }

    [Fact]
    public void A_channel_offered_again_waits_until_the_guest_has_released_the_revoked_one()
    {
        var guest = new ScriptedGuest();
        guest.Host.Revoke(guest.Opened());
        guest.Post<RescindOffer>(ChannelMessageType.RescindOffer);
        OfferId again = guest.Offer();
        guest.NothingPosted();
        Assert.Equal(MessageFault.None, guest.SendTeardown());
        Assert.Equal(0xE1E10u, guest.Post<GpadlTorndown>(ChannelMessageType.GpadlTorndown).Gpadl);
        Assert.Equal(MessageFault.None, guest.SendReleased());
        guest.Post<OfferChannel>(ChannelMessageType.OfferChannel);
        Assert.Equal(new HostAction.Offered(again, 1, null, 0x2001), guest.Actions()[^1]);
        Assert.Equal((1, 0), (guest.Host.RelidsInUse, guest.Host.GpadlCount));
    }

    [Fact]
    public void A_channel_offered_again_and_revoked_while_it_waits_is_never_seen()
    {
        var guest = new ScriptedGuest();
        OfferId first = guest.Offer();
        guest.Connected();
        guest.Host.Revoke(first);
        guest.Posts();
        guest.Host.Revoke(guest.Offer());
        guest.SendReleased();
        guest.NothingPosted();
        Assert.Equal(0, guest.Host.RelidsInUse);
    }

    [Fact]
    public void A_released_channel_comes_back_with_the_next_connection()
    {
        var guest = new ScriptedGuest();
        guest.Offer();
        guest.Connected();
        Assert.Equal(MessageFault.None, guest.SendReleased());
        Assert.Equal(0, guest.Host.RelidsInUse);
        Assert.Equal(MessageFault.UnknownTarget, guest.SendOpen());
        guest.Contact(ProtocolVersion.Iron);
        guest.DoAll();
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal(1, guest.Host.RelidsInUse);
    }

    [Fact]
    public void An_open_channel_is_not_released()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        Assert.Equal(MessageFault.WrongState, guest.SendReleased());
        guest.NothingToDo();
    }

    [Fact]
    public void Revoking_while_opening_tells_the_guest_and_asks_the_device_nothing_more()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer();
        guest.Connected();
        guest.CreateGpadl(offer, 0xE1E10);
        guest.SendOpen();
        guest.Host.Revoke(offer);
        guest.NothingToDo();
        guest.Post<RescindOffer>(ChannelMessageType.RescindOffer);
        guest.Host.CompleteOpen(offer, ChannelMessageStatus.Success);
        guest.NothingPosted();
        Assert.Equal(MessageFault.None, guest.SendClose());
        Assert.Equal(MessageFault.None, guest.SendOpen());
        guest.NothingPosted();
        guest.NothingToDo();
    }

    [Fact]
    public void Revoking_answers_for_the_gpadls_the_device_had_not_answered()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer();
        guest.Connected();
        guest.CreateGpadl(offer, 1);
        guest.CreateGpadl(offer, 2);
        guest.SendTeardown(1);
        guest.SendGpadl(1, 3);
        guest.Host.Revoke(offer);
        guest.NothingToDo();
        List<QueuedMessage> posts = guest.Posts();
        Assert.Equal([ChannelMessageType.GpadlTorndown, ChannelMessageType.GpadlCreated, ChannelMessageType.RescindOffer], posts.Select(post => post.Type));
        Assert.Equal(ChannelMessageStatus.Unsuccessful, ChannelMessages.Read<GpadlCreated>(posts[1].Bytes.Span).Status);
        guest.Host.CompleteTeardownGpadl(offer, 1);
        guest.Host.CompleteCreateGpadl(offer, 3, ChannelMessageStatus.Success);
        guest.NothingPosted();
        Assert.Equal(1, guest.Host.GpadlCount);
        guest.SendReleased();
        Assert.Equal((0, 0), (guest.Host.GpadlCount, guest.Host.RelidsInUse));
    }

    [Fact]
    public void A_gpadl_for_a_revoked_channel_is_taken_and_torn_down_without_its_device()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer();
        guest.Connected();
        guest.Host.Revoke(offer);
        guest.Posts();
        Assert.Equal(MessageFault.None, guest.SendGpadl(1, 9, 60));
        Assert.Equal(ChannelMessageStatus.Success, guest.Post<GpadlCreated>(ChannelMessageType.GpadlCreated).Status);
        Assert.Equal(MessageFault.None, guest.SendTeardown(9));
        guest.Post<GpadlTorndown>(ChannelMessageType.GpadlTorndown);
        guest.NothingToDo();
        Assert.Equal((0, 0L), (guest.Host.GpadlCount, guest.Host.GpadlPages));
    }

    [Fact]
    public void Revoking_without_a_guest_leaves_nothing()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer();
        guest.Host.Revoke(offer);
        guest.Host.Revoke(offer);
        guest.Connected();
        Assert.Equal(0, guest.Host.RelidsInUse);
        Assert.True(guest.Host.CanOffer);
    }

    [Fact]
    public void Revoking_what_a_leaving_guest_had_open_lets_it_leave()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        guest.Send(ChannelMessageType.Unload);
        guest.Actions();
        guest.Host.Revoke(offer);
        guest.Action<HostAction.Disconnect>();
        guest.Host.CompleteDisconnect();
        guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
        guest.Host.CompleteClose(offer);
        guest.NothingLeaks();
    }
}

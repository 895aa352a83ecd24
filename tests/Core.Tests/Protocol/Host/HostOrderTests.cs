using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>
/// In which order a guest hears of channels: a primary before its subchannels, their rescinds before its own, and one channel of
/// a name at a time.
/// </summary>
public sealed class HostOrderTests
{
    // Law: whatever order devices offer and take back in, and whenever the guest releases, leaves, comes back, and the host is
    // saved and restored, the guest hears offers and rescinds in order; when it has released all that was rescinded, it
    // knows just what is offered and has its primary.
    [Property(MaxTest = 3000)]
    public void Offers_and_rescinds_come_in_order_in_any_history(int seed)
    {
        var history = new OfferHistory(seed);
        for (int step = 0; step < 150; step++)
            history.Step();
        history.EndAll();
    }

    [Fact]
    public void A_subchannel_that_was_offered_before_its_primary_follows_it()
    {
        var guest = new ScriptedGuest();
        guest.Offer(1, subchannel: 2);
        guest.Offer(1, subchannel: 1);
        guest.Offer(1);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal([0, 2, 1], Subchannels(guest.Posts()));
    }

    [Fact]
    public void A_subchannel_waits_for_its_primary()
    {
        var guest = new ScriptedGuest().Connected();
        guest.Offer(1, subchannel: 1);
        guest.NothingPosted();
        guest.Offer(1);
        Assert.Equal([0, 1], Subchannels(guest.Posts()));
    }

    [Fact]
    public void A_primary_takes_its_subchannels_along_and_is_rescinded_behind_them()
    {
        var guest = new ScriptedGuest();
        OfferId primary = guest.Offer(1);
        guest.Offer(2);
        OfferId first = guest.Offer(1, subchannel: 1);
        guest.Offer(1, subchannel: 2);
        guest.Connected();
        guest.Host.Revoke(first);
        Assert.Equal(3u, guest.Post<RescindOffer>(ChannelMessageType.RescindOffer).ChildRelid);
        guest.Host.Revoke(primary);
        Assert.Equal([4u, 1u], guest.Posts().Select(post => ChannelMessages.Read<RescindOffer>(post.Bytes.Span).ChildRelid));
    }

    [Fact]
    public void A_restored_host_rescinds_the_subchannels_first_of_a_primary_that_nobody_offers_again()
    {
        foreach (bool isSubchannelClaimed in (bool[])[false, true])
        {
            var guest = new ScriptedGuest();
            guest.Offer(1);
            guest.Offer(1, subchannel: 1);
            guest.Connected();
            HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
            if (isSubchannelClaimed)
                host.Offer(ScriptedGuest.MakeOffer(1, subchannel: 1));
            host.CompleteRestore();
            var rescinded = new List<uint>();
            while (host.TryPeekPost(out QueuedMessage message))
            {
                rescinded.Add(ChannelMessages.Read<RescindOffer>(message.Bytes.Span).ChildRelid);
                host.CompletePost(HypercallStatus.Success);
            }

            Assert.Equal([2u, 1u], rescinded);
        }
    }

    // A guest that is slow to release sees no second channel of the name, however often it is offered and taken back.
    [Fact]
    public void A_revoked_name_is_its_channels_until_the_guest_has_released_it()
    {
        var guest = new ScriptedGuest();
        OfferId first = guest.Offer();
        guest.Connected();
        guest.Host.Revoke(first);
        guest.Post<RescindOffer>(ChannelMessageType.RescindOffer);
        OfferId second = guest.Offer();
        guest.Host.Revoke(second);
        OfferId third = guest.Offer();
        guest.NothingPosted();
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        Assert.Equal(third, host.Offer(ScriptedGuest.MakeOffer()));
        host.CompleteRestore();
        Assert.False(host.TryPeekPost(out _));
        Assert.Equal(MessageFault.None, host.Receive(ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = 1 })));
        Assert.True(host.TryPeekPost(out QueuedMessage message));
        Assert.Equal(ChannelMessageType.OfferChannel, message.Type);
        Assert.Equal(1, host.RelidsInUse);
    }

    // A new guest has not heard of a primary that its forerunner left open as a reserved channel.
    [Fact]
    public void A_subchannel_of_a_primary_that_is_reserved_waits_until_that_is_closed()
    {
        var guest = new ScriptedGuest();
        guest.OpenedReserved();
        guest.Send(ChannelMessageType.Unload);
        guest.DoAll();
        guest.Posts();
        guest.Offer(1, subchannel: 1);
        guest.Connected(requestOffers: false);
        guest.Send(ChannelMessageType.RequestOffers);
        Assert.Equal(ChannelMessageType.AllOffersDelivered, Assert.Single(guest.Posts()).Type);
        Assert.Equal(MessageFault.None, guest.SendCloseReserved());
        guest.DoAll();
        Assert.Equal([ChannelMessageType.CloseReservedChannelResponse, ChannelMessageType.OfferChannel], guest.Posts().Select(post => post.Type));
    }

    private static int[] Subchannels(List<QueuedMessage> posts) =>
        [.. posts.Where(post => post.Type == ChannelMessageType.OfferChannel).Select(post => (int)ChannelMessages.Read<OfferChannel>(post.Bytes.Span).Offer.SubchannelIndex)];
}

using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using VmBus.Core.Tests.Protocol.Guest;
using VmBus.Fuzz;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.SavedState;

/// <summary>A guest that is saved and restored.</summary>
public sealed class GuestSavedStateTests
{
    // Law: saving, restoring and saving again gives the same bytes, and a guest that is exchanged so after every step says
    // and sees what one does that never stopped.
    [Property(MaxTest = 3000, EndSize = 400)]
    public void A_restored_guest_goes_on_as_one_that_never_stopped(byte[] script)
    {
        List<string> steady = [], restored = [];
        Run(new GuestPlay(script, steady));
        Run(new GuestPlay(script, restored, Exchange));
        Assert.Equal(steady, restored);

        static void Run(GuestPlay play)
        {
            play.Start();
            while (play.Step())
                play.CheckBounds();
            play.Finish();
        }
    }

    // A table that reuses freed places puts the newcomer where a restored one, which has no freed place, does not.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Channels_and_their_GPADLs_keep_one_order_when_some_went_before_others_came(bool isRestored)
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        uint first = host.OfferWithGpadl(5);
        host.Guest.CreateGpadl(5, [GpadlRange.OfPages(0, 1)]);
        host.Posted(ChannelMessageType.GpadlHeader);
        host.Created(5, first + 1);
        host.Event<GuestEvent.GpadlCreated>();
        host.Offer(1);
        host.Offer(7);
        host.Guest.TeardownGpadl(first);
        host.Posted(ChannelMessageType.GpadlTeardown);
        host.TornDown(first);
        host.Event<GuestEvent.GpadlTornDown>();
        host.Guest.ReleaseRelid(1);
        GuestProtocol guest = isRestored ? GuestProtocol.Restore(Options, host.Clock, host.Guest.Save()) : host.Guest;
        guest.Receive(ScriptedHost.OfferBytes(2));
        guest.CreateGpadl(5, [GpadlRange.OfPages(0, 1)]);
        Assert.Equal([2u, 5u, 7u], guest.Offers.Select(offer => offer.Relid));
        Assert.Equal([first + 1, first + 2], guest.GpadlsOf(5));
    }

    [Fact]
    public void A_request_waits_no_longer_than_it_would_have_and_the_time_in_between_does_not_count()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Guest.RequestOffers();
        host.Posted(ChannelMessageType.RequestOffers);
        host.Clock.Advance(TimeSpan.FromSeconds(20));
        byte[] state = host.Guest.Save();
        host.Clock.Advance(TimeSpan.FromDays(3));
        GuestProtocol guest = GuestProtocol.Restore(Options, host.Clock, state);
        Assert.Equal(TimeSpan.FromSeconds(10), guest.UntilDue);
        host.Clock.Advance(TimeSpan.FromSeconds(10));
        guest.Elapse();
        Assert.True(guest.TryTakeEvent(out GuestEvent next));
        Assert.Equal(RequestOutcome.TimedOut, Assert.IsType<GuestEvent.AllOffersDelivered>(next).Result.Outcome);
    }

    [Fact]
    public void Offers_and_channels_are_what_they_were()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        uint gpadl = host.Open(3, targetVp: 2);
        host.Offer(4);
        host.Offer(9, subchannel: 1, instance: host.Guest.OfferOf(4)!.InterfaceInstance);
        GuestProtocol guest = GuestProtocol.Restore(Options, host.Clock, host.Guest.Save());
        Assert.Equal((GuestChannelState.Open, GuestChannelState.Offered), (guest.StateOf(3), guest.StateOf(4)));
        Assert.Equal([gpadl], guest.GpadlsOf(3));
        foreach (GuestOffer offer in host.Guest.Offers)
            Assert.Equal(offer with { Message = default }, guest.OfferOf(offer.Relid)! with { Message = default });
        Assert.Equal([9u], guest.SubchannelsOf(4).Select(offer => offer.Relid));
        Assert.Equal(gpadl + 1, guest.CreateGpadl(4, [GpadlRange.OfPages(0, 1)]));
    }

    [Fact]
    public void A_GPADL_half_posted_goes_on_with_the_next_body()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Offer(3);
        host.Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 60)]);
        host.Posted(ChannelMessageType.GpadlHeader);
        GuestProtocol guest = GuestProtocol.Restore(Options, host.Clock, host.Guest.Save());
        Assert.True(guest.TryPeekPost(out QueuedMessage body));
        Assert.Equal((ChannelMessageType.GpadlBody, ScriptedHost.MessageConnection), (body.Type, body.ConnectionId));
    }

    [Fact]
    public void A_pause_goes_on_with_what_it_held_back()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Pause();
        host.Guest.RequestOffers();
        GuestProtocol guest = GuestProtocol.Restore(Options, host.Clock, host.Guest.Save());
        Assert.Equal((GuestConnectionState.Paused, 1), (guest.State, guest.WaitingPosts));
        guest.Resume();
        Assert.True(guest.TryPeekPost(out QueuedMessage first));
        guest.CompletePost(HypercallStatus.Success);
        Assert.True(guest.TryPeekPost(out QueuedMessage second));
        Assert.Equal((ChannelMessageType.Resume, ChannelMessageType.RequestOffers), (first.Type, second.Type));
    }

    [Fact]
    public void A_first_versions_offers_keep_their_shared_connection()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Ws2008);
        host.Say(ScriptedHost.OfferBytes(1, length: ChannelMessages.FirstOfferSize));
        host.Event<GuestEvent.Offered>();
        GuestProtocol guest = GuestProtocol.Restore(Options, host.Clock, host.Guest.Save());
        Assert.Equal((GuestOffer.SharedConnectionId, false), (guest.OfferOf(1)!.ConnectionId, guest.OfferOf(1)!.HasDedicatedInterrupt));
    }

    [Fact]
    public void Saving_is_refused_while_a_post_is_under_way_or_events_wait()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Guest.RequestOffers();
        Assert.True(host.Guest.TryPeekPost(out _));
        Assert.Throws<InvalidOperationException>(() => host.Guest.Save());
        host.Guest.CompletePost(HypercallStatus.Success);
        host.Send(ChannelMessageType.AllOffersDelivered);
        Assert.Throws<InvalidOperationException>(() => host.Guest.Save());
        host.Event<GuestEvent.AllOffersDelivered>();
        Assert.NotEmpty(host.Guest.Save());
    }

    public static TheoryData<string> Narrower => ["version", "features", "offers"];

    [Theory]
    [MemberData(nameof(Narrower))]
    public void A_state_that_exceeds_the_options_does_not_fit(string what)
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Offer(1);
        host.Offer(2);
        GuestProtocolOptions narrow = what switch
        {
            "version" => Options with { Versions = [ProtocolVersion.Win10] },
            "features" => Options with { Features = FeatureFlags.None },
            _ => Options with { MaxOffers = 1 },
        };
        Assert.Equal(SavedStateFault.DoesNotFit, Assert.Throws<SavedStateException>(() => GuestProtocol.Restore(narrow, host.Clock, host.Guest.Save())).Fault);
    }

    [Fact]
    public void A_damaged_state_is_refused_wherever_the_damage_is()
        => StateDamage.IsRefused(RichState(), bytes => GuestProtocol.Restore(Options, new FakeTimeProvider(), bytes));

    // Law: bytes under a right checksum restore a guest that ends well, or are refused by the documented error.
    [Fact]
    public void Whatever_a_state_says_under_a_right_checksum_the_guest_made_of_it_ends_well()
        => StateDamage.Forge(RichState(), SavedStateTarget.RunGuest);

    private static GuestProtocolOptions Options { get; } = new() { Features = (FeatureFlags)0xFF };

    private static GuestProtocol Exchange(GuestProtocol guest, GuestProtocolOptions options, TimeProvider clock)
    {
        byte[] state = guest.Save();
        GuestProtocol restored = GuestProtocol.Restore(options, clock, state);
        Assert.Equal(state, restored.Save());
        return restored;
    }

    private static byte[] RichState()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper);
        host.Open(3, targetVp: 2);
        uint rescinded = host.OfferWithGpadl(6);
        host.Rescind(6);
        host.Event<GuestEvent.Rescinded>();
        host.Guest.TeardownGpadl(rescinded);
        host.Offer(4);
        host.Offer(9, subchannel: 1, instance: host.Guest.OfferOf(4)!.InterfaceInstance);
        host.Guest.ModifyChannel(3, 1);
        host.Guest.CreateGpadl(4, [GpadlRange.OfPages(0, 60)]);
        host.Guest.ConnectTransport(Guid.NewGuid(), Guid.NewGuid(), Guid.Empty);
        host.Guest.RequestOffers();
        return host.Guest.Save();
    }
}

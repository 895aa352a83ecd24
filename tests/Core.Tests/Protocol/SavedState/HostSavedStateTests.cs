using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using VmBus.Core.Tests.Protocol.Host;
using VmBus.Fuzz;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.SavedState;

/// <summary>A host that is saved and restored.</summary>
public sealed class HostSavedStateTests
{
    // Law: saving, restoring and saving again gives the same bytes, and from then on the host cannot be told from one that
    // never stopped, whatever guest and devices do, before and after.
    [Property(MaxTest = 1500)]
    public void A_restored_host_goes_on_as_one_that_never_stopped(int seed)
    {
        var twins = new HostTwins(seed);
        for (int step = 0; step < 120; step++)
            twins.Step();
        twins.SaveAndRestore();
        for (int step = 0; step < 60; step++)
            twins.Step();
        twins.EndAll();
    }

    [Fact]
    public void A_channel_that_no_device_offers_again_is_rescinded()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        host.CompleteRestore();
        Assert.True(host.TryPeekPost(out QueuedMessage message));
        Assert.Equal((ChannelMessageType.RescindOffer, 1u), (message.Type, ChannelMessages.Read<RescindOffer>(message.Bytes.Span).ChildRelid));
        host.CompletePost(HypercallStatus.Success);
        Assert.Equal(MessageFault.None, host.Receive(ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = 1 })));
        Assert.Equal((0, 0), (host.RelidsInUse, host.GpadlCount));
    }

    [Fact]
    public void A_device_that_takes_up_its_channel_learns_how_it_is_open()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer(latency: TimeSpan.FromMicroseconds(100));
        guest.Connected();
        HostOpenRequest request = guest.Open(offer);
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        Assert.True(host.TryTakeAction(out HostAction first));
        HostConnectRequest connection = Assert.IsType<HostAction.RestoredConnection>(first).Request;
        Assert.Equal((new MonitorPageAddresses(0x1000, 0x2000), ProtocolVersion.Copper), (connection.MonitorPages, connection.Version.Version));

        Assert.Equal(offer, host.Offer(ScriptedGuest.MakeOffer(latency: TimeSpan.FromMicroseconds(100))));
        Assert.True(host.TryTakeAction(out HostAction second));
        HostAction.Restored restored = Assert.IsType<HostAction.Restored>(second);
        Assert.Equal((offer, 1u, 0), (restored.Offer, restored.Relid, restored.MonitorId));
        Assert.Equal(request with { UserData = default }, restored.OpenedBy! with { UserData = default });
        GpadlRange range = Assert.Single(restored.Gpadls[request.Gpadl]);
        Assert.Equal([1, 2, 3, 4], range.PageFrames.ToArray());
        host.CompleteRestore();
        Assert.False(host.TryTakeAction(out _));
        Assert.False(host.TryPeekPost(out _));
    }

    [Fact]
    public void A_new_offer_among_the_restored_ones_is_offered_when_the_restore_ends()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        OfferId other = host.Offer(ScriptedGuest.MakeOffer(instance: 2));
        Assert.Equal(1, host.Offer(ScriptedGuest.MakeOffer()).Value);
        Assert.False(host.TryPeekPost(out _));
        host.CompleteRestore();
        Assert.True(host.TryPeekPost(out QueuedMessage message));
        Assert.Equal((2, 2u), (other.Value, ChannelMessages.Read<OfferChannel>(message.Bytes.Span).ChildRelid));
    }

    [Fact]
    public void A_GPADL_half_sent_goes_on_with_the_next_body()
    {
        var guest = new ScriptedGuest();
        guest.Offer();
        guest.Connected();
        ulong[] words = ScriptedGuest.Range(40);
        Assert.Equal(MessageFault.None, guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 9, words.Length * 8, 1, words.AsSpan(0, 27))));
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        host.Offer(ScriptedGuest.MakeOffer());
        host.CompleteRestore();
        Assert.Equal(MessageFault.None, host.Receive(ScriptedGuest.GpadlBodyMessage(9, words.AsSpan(27))));
        HostAction last = null!;
        while (host.TryTakeAction(out HostAction action))
            last = action;
        Assert.Equal(40, Assert.Single(Assert.IsType<HostAction.CreateGpadl>(last).Ranges).PageFrames.Length);
    }

    [Fact]
    public void A_socket_channel_that_was_asked_for_is_asked_for_again_with_its_silo()
    {
        var guest = new ScriptedGuest().Connected();
        var asked = new HostAction.TransportConnect(Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var message = new TlConnectRequest2 { Request = new TlConnectRequest { EndpointId = asked.Endpoint, ServiceId = asked.Service }, SiloId = asked.Silo };
        Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.TlConnectRequest, message));
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        host.CompleteRestore();
        host.TryTakeAction(out _);
        Assert.True(host.TryTakeAction(out HostAction again));
        Assert.Equal(asked, again);
        host.CompleteTransportConnect(asked.Endpoint, asked.Service, ChannelMessageStatus.ConnectionRefused);
        Assert.True(host.TryPeekPost(out QueuedMessage answer));
        Assert.Equal(ChannelMessageType.TlConnectResult, answer.Type);
    }

    [Fact]
    public void A_change_of_VP_that_no_device_answered_is_asked_again_and_answered()
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Opened();
        Assert.Equal(MessageFault.None, guest.SendModify(3));
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        host.Offer(ScriptedGuest.MakeOffer());
        host.CompleteRestore();
        HostAction last = null!;
        while (host.TryTakeAction(out HostAction action))
            last = action;
        Assert.Equal(new HostAction.Modify(offer, 3), last);
        host.CompleteModify(offer, ChannelMessageStatus.Success);
        Assert.True(host.TryPeekPost(out QueuedMessage answer));
        Assert.Equal(ChannelMessageType.ModifyChannelResponse, answer.Type);
    }

    // Every condition but its own contradicts the rest of an open channel: closed, opening... have another relid, or requests.
    [Fact]
    public void A_channel_forged_into_another_condition_is_refused_or_needs_what_an_open_one_has()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        byte[] state = guest.Host.Save();
        int channels = SavedStateFormat.HeadSize + 8 + BitConverter.ToInt32(state, SavedStateFormat.HeadSize + 4);
        int at = channels + 8 + 4 + 4 + 4 + 16 + 16 + 2;
        Assert.Equal((byte)HostChannelState.Open, state[at]);
        var restored = new List<HostChannelState>();
        for (byte value = 0; value < 12; value++)
        {
            byte[] bad = [.. state];
            bad[at] = value;
            try
            {
                HostProtocol.Restore(guest.Options, guest.Clock, StateDamage.Sealed(bad));
                restored.Add((HostChannelState)value);
            }
            catch (SavedStateException refused)
            {
                Assert.Equal(SavedStateFault.ImpossibleValue, refused.Fault);
            }
        }

        Assert.Equal([HostChannelState.Opening, HostChannelState.Open, HostChannelState.Closing], restored);
    }

    [Fact]
    public void A_reset_ends_a_restore()
    {
        var guest = new ScriptedGuest();
        guest.Opened();
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        host.Reset();
        Assert.False(host.IsRestoring);
        while (host.TryTakeAction(out HostAction action))
        {
            if (action is HostAction.Disconnect)
                host.CompleteDisconnect();
        }

        Assert.Equal((HostState.Disconnected, 0, 0), (host.State, host.RelidsInUse, host.GpadlCount));
    }

    [Fact]
    public void Saving_is_refused_while_a_post_is_under_way_or_a_restore_is()
    {
        var guest = new ScriptedGuest();
        guest.Contact(ProtocolVersion.Copper);
        guest.Action<HostAction.Connect>();
        guest.Host.CompleteConnect(ConnectionState.Successful);
        Assert.True(guest.Host.TryPeekPost(out _));
        Assert.Throws<InvalidOperationException>(() => guest.Host.Save());
        guest.Host.CompletePost(HypercallStatus.Success);
        HostProtocol host = HostProtocol.Restore(guest.Options, guest.Clock, guest.Host.Save());
        Assert.Throws<InvalidOperationException>(() => host.Save());
        Assert.Throws<InvalidOperationException>(() => host.Receive(ChannelMessages.ToBytes(ChannelMessageType.Unload)));
        host.CompleteRestore();
        Assert.Throws<InvalidOperationException>(host.CompleteRestore);
    }

    public static TheoryData<string> Narrower => ["channels", "relids", "monitors", "vps", "gpadls", "pages", "version", "features"];

    [Theory]
    [MemberData(nameof(Narrower))]
    public void A_state_that_exceeds_the_options_does_not_fit(string what)
    {
        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer(latency: TimeSpan.FromMicroseconds(100));
        guest.Offer(2, latency: TimeSpan.FromMicroseconds(100));
        guest.Connected();
        guest.Open(offer);
        byte[] state = guest.Host.Save();
        HostProtocolOptions narrow = what switch
        {
            "channels" => guest.Options with { MaxChannels = 1 },
            "relids" => guest.Options with { RelidBase = 2, MaxChannels = 2000 },
            "monitors" => guest.Options with { MonitorIds = 1 },
            "vps" => guest.Options with { VpCount = 1 },
            "gpadls" => guest.Options with { MaxGpadls = 0 },
            "pages" => guest.Options with { MaxGpadlPages = 3 },
            "version" => guest.Options with { MaxVersion = ProtocolVersion.Iron },
            _ => guest.Options with { Features = FeatureFlags.None },
        };
        SavedStateException error = Assert.Throws<SavedStateException>(() => HostProtocol.Restore(narrow, guest.Clock, state));
        Assert.Equal(SavedStateFault.DoesNotFit, error.Fault);
    }

    [Fact]
    public void A_damaged_state_is_refused_wherever_the_damage_is()
    {
        StateDamage.IsRefused(RichState(), bytes => HostProtocol.Restore(HostTwins.Options, new FakeTimeProvider(), bytes));
    }

    // Law: bytes under a right checksum restore a host that ends well, or are refused by the documented error.
    [Fact]
    public void Whatever_a_state_says_under_a_right_checksum_the_host_made_of_it_ends_well()
    {
        StateDamage.Forge(RichState(), SavedStateTarget.RunHost);
    }

    private static byte[] RichState()
    {
        var twins = new HostTwins(12);
        for (int step = 0; step < 400 || twins.Steady is { GpadlCount: < 3 } or { WaitingMessages: 0 } or { RelidsInUse: < 3 }; step++)
            twins.Step();
        return twins.Steady.Save();
    }
}

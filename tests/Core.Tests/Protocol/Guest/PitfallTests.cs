using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>What has gone wrong elsewhere.</summary>
public sealed class PitfallTests
{
    /// <summary>WSL issue 4723: Linux complains of message 23 for ever.</summary>
    [Fact]
    public void Unknown_message_types_of_23_and_above_are_counted_and_hurt_nothing()
    {
        ScriptedHost old = ScriptedHost.Connected(ProtocolVersion.Win10);
        old.Open(3);
        for (uint type = 23; type < 40; type++)
        {
            var number = (ChannelMessageType)type;
            bool isKnown = type <= 29;
            bool isOurs = number is ChannelMessageType.ModifyConnection or ChannelMessageType.Pause or ChannelMessageType.Resume;
            old.Drop(!isKnown ? MessageFault.UnknownType : isOurs ? MessageFault.WrongDirection : MessageFault.NotInVersion, ChannelMessages.ToBytes(number, new TlConnectResult()));
        }
        old.Drop(MessageFault.UnknownType, ChannelMessages.ToBytes((ChannelMessageType)uint.MaxValue));
        Assert.Equal((GuestConnectionState.Connected, GuestChannelState.Open), (old.Guest.State, old.Guest.StateOf(3)));
        Assert.Equal(11, old.Guest.Faults[MessageFault.UnknownType]);
        old.NoEvent();
        old.PostsNothing();
    }

    /// <summary>OpenVMM issues 956, 954 and 405: messages in a pause are lost, or should not have come.</summary>
    [Fact]
    public void Messages_while_paused_are_dropped_and_none_is_posted()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.PauseResume);
        uint gpadl = host.Open(3);
        host.Pause();
        host.Drop(MessageFault.WrongState, ScriptedHost.OfferBytes(4));
        host.Drop(MessageFault.WrongState, RescindOffer.MessageType, new RescindOffer { ChildRelid = 3 });
        host.Drop(MessageFault.WrongState, PauseResponse.MessageType, new PauseResponse());
        host.Guest.Close(3);
        host.Guest.TeardownGpadl(gpadl);
        host.PostsNothing();
        Assert.Null(host.Guest.UntilDue);
        host.Guest.Resume();
        host.Posted(ChannelMessageType.Resume);
        host.Posted(ChannelMessageType.CloseChannel);
        host.Posted(ChannelMessageType.GpadlTeardown);
    }

    /// <summary>OpenVMM issue 3579: the monitor of a reserved channel kept the monitor pages from moving.</summary>
    [Fact]
    public void Monitor_information_on_reserved_channels_does_not_keep_the_monitor_pages_from_moving()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.ModifyConnection);
        uint gpadl = host.OfferWithGpadl(3);
        Assert.NotNull(host.Guest.OfferOf(3)!.MonitorId);
        host.Guest.OpenReserved(3, 0, 2, gpadl, 2);
        host.Posted(ChannelMessageType.OpenReservedChannel);
        host.Opened(3, openId: 0);
        host.Event<GuestEvent.Opened>();
        host.Open(4, GuestOpenRequest.InterruptsDisabled);
        host.Guest.ModifyConnection(0, 0);
        host.Posted(ChannelMessageType.ModifyConnection);
        host.Send(ModifyConnectionResponse.MessageType, new ModifyConnectionResponse());
        Assert.True(host.Event<GuestEvent.ConnectionModified>().Result.IsSuccess);
        Assert.False(host.Guest.MonitorPages.ArePresent);
    }

    [Fact]
    public void Modify_connection_order_is_that_of_the_requests_and_the_old_pages_stay_until_the_answer()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Copper, FeatureFlags.ModifyConnection);
        uint gpadl = host.OfferWithGpadl(3);
        host.Guest.ModifyConnection(0x9000, 0xA000);
        host.Guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 });
        host.Posted(ChannelMessageType.ModifyConnection);
        host.Posted(ChannelMessageType.OpenChannel);
        host.Opened(3);
        Assert.True(host.Event<GuestEvent.Opened>().Result.IsSuccess);
        Assert.Equal(0x3000ul, host.Guest.MonitorPages.ChildToParent);
        host.Send(ModifyConnectionResponse.MessageType, new ModifyConnectionResponse());
        Assert.Equal(0xA000ul, host.Event<GuestEvent.ConnectionModified>().MonitorPages.ChildToParent);
    }

    /// <summary>The hypervisor may deliver an answer before the post that asked for it has returned.</summary>
    [Fact]
    public void An_answer_that_overtakes_the_end_of_its_post_is_taken()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Offer(3);
        uint gpadl = host.Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        Assert.True(host.Guest.TryPeekPost(out _));
        host.Created(3, gpadl);
        host.Guest.CompletePost(HypercallStatus.Success);
        Assert.True(host.Event<GuestEvent.GpadlCreated>().Result.IsSuccess);
        host.PostsNothing();
    }
}

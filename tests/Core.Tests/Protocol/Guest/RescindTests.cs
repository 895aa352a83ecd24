using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>The host takes a channel back while something of it is in flight.</summary>
public sealed class RescindTests
{
    private readonly ScriptedHost _host = ScriptedHost.Connected(ProtocolVersion.Iron);

    [Fact]
    public void An_open_in_flight_ends_and_its_late_result_opens_nothing()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        _host.Guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 });
        _host.Posted(ChannelMessageType.OpenChannel);
        _host.Rescind(3);
        Assert.Equal(RequestOutcome.Rescinded, _host.Event<GuestEvent.Opened>().Result.Outcome);
        _host.Event<GuestEvent.Rescinded>();
        _host.Drop(MessageFault.WrongState, OpenChannelResult.MessageType, new OpenChannelResult { ChildRelid = 3, OpenId = 3 });
        OnlyTeardownAndReleaseRemain(gpadl);
    }

    [Fact]
    public void A_move_in_flight_ends()
    {
        uint gpadl = _host.Open(3);
        _host.Guest.ModifyChannel(3, 1);
        _host.Rescind(3);
        Assert.Equal(RequestOutcome.Rescinded, _host.Event<GuestEvent.ChannelModified>().Result.Outcome);
        _host.Event<GuestEvent.Rescinded>();
        _host.Posted(ChannelMessageType.ModifyChannel);
        _host.Send(ModifyChannelResponse.MessageType, new ModifyChannelResponse { ChildRelid = 3 });
        Assert.Equal(1, _host.Guest.LateAnswers);
        OnlyTeardownAndReleaseRemain(gpadl);
    }

    [Fact]
    public void A_gpadl_in_flight_ends_and_is_torn_down_if_the_host_has_taken_it()
    {
        _host.Offer(3);
        uint gpadl = _host.Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        _host.Posted(ChannelMessageType.GpadlHeader);
        _host.Rescind(3);
        Assert.Equal(RequestOutcome.Rescinded, _host.Event<GuestEvent.GpadlCreated>().Result.Outcome);
        _host.Event<GuestEvent.Rescinded>();
        _host.Created(3, gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.TornDown(gpadl);
        Assert.True(_host.Event<GuestEvent.GpadlTornDown>().Result.IsSuccess);
        Assert.Equal(0, _host.Guest.GpadlCount);
    }

    [Fact]
    public void A_teardown_in_flight_ends_and_the_hosts_answer_is_still_heard()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        _host.Guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.Rescind(3);
        Assert.Equal(RequestOutcome.Rescinded, _host.Event<GuestEvent.GpadlTornDown>().Result.Outcome);
        _host.Event<GuestEvent.Rescinded>();
        _host.TornDown(gpadl);
        Assert.True(_host.Event<GuestEvent.GpadlTornDown>().Result.IsSuccess);
        Assert.Equal(1, _host.Guest.LateAnswers);
    }

    [Fact]
    public void A_release_takes_the_gpadls_with_it_and_later_answers_name_nothing()
    {
        uint gpadl = _host.Open(3);
        uint buffer = _host.Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        _host.Rescind(3);
        _host.Event<GuestEvent.GpadlCreated>();
        _host.Event<GuestEvent.Rescinded>();
        _host.Guest.TeardownGpadl(gpadl);
        _host.Guest.ReleaseRelid(3);
        Assert.Equal(new GuestEvent.GpadlTornDown(gpadl, new RequestResult(RequestOutcome.Rescinded)), _host.Event<GuestEvent.GpadlTornDown>());
        Assert.Equal((0, 0, 0), (_host.Guest.GpadlCount, _host.Guest.OfferCount, _host.Guest.PendingRequests));
        _host.Drop(MessageFault.UnknownTarget, GpadlCreated.MessageType, new GpadlCreated { ChildRelid = 3, Gpadl = buffer });
        _host.Drop(MessageFault.UnknownTarget, GpadlTorndown.MessageType, new GpadlTorndown { Gpadl = gpadl });
        _host.Posted(ChannelMessageType.GpadlHeader);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.Posted(ChannelMessageType.RelidReleased);
    }

    [Fact]
    public void A_released_channels_unposted_messages_may_fail_without_harm()
    {
        uint gpadl = _host.OfferWithGpadl(3);
        _host.Guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 });
        _host.Rescind(3);
        _host.Event<GuestEvent.Opened>();
        _host.Event<GuestEvent.Rescinded>();
        _host.Guest.TeardownGpadl(gpadl);
        _host.Guest.ReleaseRelid(3);
        _host.Event<GuestEvent.GpadlTornDown>();
        _host.Posted(ChannelMessageType.OpenChannel, HypercallStatus.AccessDenied);
        _host.Posted(ChannelMessageType.GpadlTeardown, HypercallStatus.AccessDenied);
        _host.NoEvent();
    }

    private void OnlyTeardownAndReleaseRemain(uint gpadl)
    {
        GuestProtocol guest = _host.Guest;
        Assert.Equal(GuestChannelState.Rescinded, guest.StateOf(3));
        Assert.Throws<InvalidOperationException>(() => guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 }));
        Assert.Throws<InvalidOperationException>(() => guest.Close(3));
        Assert.Throws<InvalidOperationException>(() => guest.ModifyChannel(3, 1));
        Assert.Throws<InvalidOperationException>(() => guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]));
        Assert.Throws<InvalidOperationException>(() => guest.OpenReserved(3, 0, 2, gpadl, 2));
        guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.TornDown(gpadl);
        Assert.True(_host.Event<GuestEvent.GpadlTornDown>().Result.IsSuccess);
        guest.ReleaseRelid(3);
        _host.Posted(ChannelMessageType.RelidReleased);
    }
}

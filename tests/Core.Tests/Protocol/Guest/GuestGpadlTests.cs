using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

public sealed class GuestGpadlTests
{
    private readonly ScriptedHost _host = ScriptedHost.Connected(ProtocolVersion.Iron);

    [Fact]
    public void Handles_start_where_linux_starts_them_and_are_not_used_twice()
    {
        uint first = _host.OfferWithGpadl(1);
        uint second = _host.OfferWithGpadl(2);
        Assert.Equal((0xE1E10u, 0xE1E11u), (first, second));
        Assert.Equal([second], _host.Guest.GpadlsOf(2));
    }

    [Fact]
    public void A_gpadl_the_host_refuses_is_gone()
    {
        uint gpadl = Creating();
        _host.Created(1, gpadl, ChannelMessageStatus.Unsuccessful);
        Assert.Equal(new RequestResult(RequestOutcome.Completed, ChannelMessageStatus.Unsuccessful), _host.Event<GuestEvent.GpadlCreated>().Result);
        Assert.Equal(0, _host.Guest.GpadlCount);
        Assert.Throws<ArgumentException>(() => _host.Guest.TeardownGpadl(gpadl));
    }

    [Fact]
    public void A_gpadl_is_torn_down_when_the_host_says_so()
    {
        uint gpadl = _host.OfferWithGpadl(1);
        _host.Drop(MessageFault.WrongState, GpadlTorndown.MessageType, new GpadlTorndown { Gpadl = gpadl });
        _host.Guest.TeardownGpadl(gpadl);
        Assert.Equal((1u, gpadl), _host.Posted<GpadlTeardown>(ChannelMessageType.GpadlTeardown) is var teardown ? (teardown.ChildRelid, teardown.Gpadl) : default);
        Assert.Throws<InvalidOperationException>(() => _host.Guest.TeardownGpadl(gpadl));
        Assert.Equal(1, _host.Guest.GpadlCount);
        _host.TornDown(gpadl);
        Assert.Equal(new GuestEvent.GpadlTornDown(gpadl, RequestResult.Success), _host.Event<GuestEvent.GpadlTornDown>());
        Assert.Equal(0, _host.Guest.GpadlCount);
        _host.Drop(MessageFault.UnknownTarget, GpadlTorndown.MessageType, new GpadlTorndown { Gpadl = gpadl });
    }

    [Fact]
    public void An_answer_about_another_channels_gpadl_is_dropped()
    {
        uint gpadl = Creating();
        _host.Drop(MessageFault.UnknownTarget, GpadlCreated.MessageType, new GpadlCreated { ChildRelid = 2, Gpadl = gpadl });
        _host.Drop(MessageFault.UnknownTarget, GpadlCreated.MessageType, new GpadlCreated { ChildRelid = 1, Gpadl = gpadl + 1 });
        _host.Created(1, gpadl);
        _host.Drop(MessageFault.WrongState, GpadlCreated.MessageType, new GpadlCreated { ChildRelid = 1, Gpadl = gpadl });
    }

    [Fact]
    public void A_gpadl_that_is_created_after_its_timeout_is_torn_down()
    {
        uint gpadl = Creating();
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.GpadlCreated>().Result.Outcome);
        _host.PostsNothing();
        _host.Created(1, gpadl);
        _host.NoEvent();
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.TornDown(gpadl);
        Assert.Equal(new GuestEvent.GpadlTornDown(gpadl, RequestResult.Success), _host.Event<GuestEvent.GpadlTornDown>());
        Assert.Equal((0, 2, 0), (_host.Guest.GpadlCount, _host.Guest.LateAnswers, _host.Guest.Faults.Total));
    }

    [Fact]
    public void A_gpadl_that_is_refused_after_its_timeout_is_free()
    {
        uint gpadl = Creating();
        _host.Expire();
        _host.Event<GuestEvent.GpadlCreated>();
        _host.Created(1, gpadl, ChannelMessageStatus.Unsuccessful);
        Assert.Equal(new GuestEvent.GpadlTornDown(gpadl, RequestResult.Success), _host.Event<GuestEvent.GpadlTornDown>());
        Assert.Equal(0, _host.Guest.GpadlCount);
    }

    [Fact]
    public void A_gpadl_given_up_while_it_is_created_is_torn_down_when_the_host_has_taken_it()
    {
        uint gpadl = Creating();
        _host.Guest.TeardownGpadl(gpadl);
        Assert.Equal(RequestOutcome.Cancelled, _host.Event<GuestEvent.GpadlCreated>().Result.Outcome);
        _host.PostsNothing();
        _host.Created(1, gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.TornDown(gpadl);
        Assert.True(_host.Event<GuestEvent.GpadlTornDown>().Result.IsSuccess);
        _host.NoEvent();
    }

    [Fact]
    public void A_teardown_that_timed_out_can_be_waited_for_again_and_is_not_posted_again()
    {
        uint gpadl = _host.OfferWithGpadl(1);
        _host.Guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
        _host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, _host.Event<GuestEvent.GpadlTornDown>().Result.Outcome);
        Assert.Equal(1, _host.Guest.GpadlCount);
        _host.Guest.TeardownGpadl(gpadl);
        _host.PostsNothing();
        _host.TornDown(gpadl);
        Assert.True(_host.Event<GuestEvent.GpadlTornDown>().Result.IsSuccess);
    }

    [Fact]
    public void A_gpadl_whose_header_finds_no_way_takes_its_bodies_with_it()
    {
        _host.Offer(1);
        _host.Guest.CreateGpadl(1, [GpadlRange.OfPages(0, 100)]);
        uint other = _host.Guest.CreateGpadl(1, [GpadlRange.OfPages(0, 30)]);
        _host.Posted(ChannelMessageType.GpadlHeader, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, _host.Event<GuestEvent.GpadlCreated>().Result.Outcome);
        Assert.Equal([other], _host.Guest.GpadlsOf(1));
        Assert.Equal(other, _host.Posted<GpadlHeader>(ChannelMessageType.GpadlHeader).Gpadl);
        Assert.Equal(other, _host.Posted<GpadlBody>(ChannelMessageType.GpadlBody).Gpadl);
        _host.PostsNothing();
    }

    [Fact]
    public void A_teardown_that_finds_no_way_can_be_repeated()
    {
        uint gpadl = _host.OfferWithGpadl(1);
        _host.Guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, _host.Event<GuestEvent.GpadlTornDown>().Result.Outcome);
        _host.Guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.GpadlTeardown);
    }

    [Fact]
    public void The_gpadl_of_open_rings_is_not_torn_down()
    {
        uint gpadl = _host.Open(1);
        Assert.Throws<InvalidOperationException>(() => _host.Guest.TeardownGpadl(gpadl));
        _host.Guest.Close(1);
        _host.Guest.TeardownGpadl(gpadl);
        _host.Posted(ChannelMessageType.CloseChannel);
        _host.Posted(ChannelMessageType.GpadlTeardown);
    }

    private uint Creating()
    {
        _host.Offer(1);
        uint gpadl = _host.Guest.CreateGpadl(1, [GpadlRange.OfPages(0x4000, 2)]);
        _host.Posted(ChannelMessageType.GpadlHeader);
        return gpadl;
    }
}

using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostChangeTests
{
    private readonly ScriptedGuest _guest = new();

    [Fact]
    public void A_change_of_vp_is_answered_from_5_3_on()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known.Where(version => version >= ProtocolVersion.Win10Rs3))
        {
            var guest = new ScriptedGuest();
            OfferId offer = guest.Opened(version);
            Assert.Equal(MessageFault.None, guest.SendModify(3));
            Assert.Equal(new HostAction.Modify(offer, 3), guest.Action<HostAction.Modify>());
            guest.NothingPosted();
            guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
            if (version >= ProtocolVersion.Iron)
                Assert.Equal("1800000000000000" + "01000000" + "00000000", Convert.ToHexString(Assert.Single(guest.Posts()).Bytes.Span));
            else
                guest.NothingPosted();
        }
    }

    [Theory]
    [InlineData(2u, 1u, MessageFault.UnknownTarget)]
    [InlineData(1u, 64u, MessageFault.InvalidField)]
    [InlineData(1u, 0xFFFFFFFFu, MessageFault.InvalidField)]
    public void A_change_that_cannot_be_is_answered_with_a_failure(uint relid, uint vp, MessageFault fault)
    {
        _guest.Opened();
        Assert.Equal(fault, _guest.SendModify(vp, relid));
        ModifyChannelResponse response = _guest.Post<ModifyChannelResponse>(ChannelMessageType.ModifyChannelResponse);
        Assert.Equal((relid, ChannelMessageStatus.Unsuccessful), (response.ChildRelid, response.Status));
        _guest.NothingToDo();
    }

    [Fact]
    public void A_closed_channel_has_no_vp_to_change()
    {
        _guest.Opened();
        _guest.SendClose();
        Assert.Equal(MessageFault.WrongState, _guest.SendModify(2));
    }

    [Fact]
    public void A_guest_that_gets_answers_waits_for_them()
    {
        OfferId offer = _guest.Opened();
        _guest.SendModify(2);
        _guest.Actions();
        Assert.Equal(MessageFault.WrongState, _guest.SendModify(3));
        _guest.NothingPosted();
        _guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        _guest.Post<ModifyChannelResponse>(ChannelMessageType.ModifyChannelResponse);
        _guest.NothingToDo();
    }

    [Fact]
    public void Of_a_guest_that_gets_no_answers_the_last_word_counts()
    {
        OfferId offer = _guest.Opened(ProtocolVersion.Win10Rs5);
        for (uint vp = 2; vp <= 5; vp++)
            Assert.Equal(MessageFault.None, _guest.SendModify(vp));
        Assert.Equal(2u, _guest.Action<HostAction.Modify>().TargetVp);
        _guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        Assert.Equal(5u, _guest.Action<HostAction.Modify>().TargetVp);
        _guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        _guest.NothingToDo();
        _guest.NothingPosted();
    }

    [Fact]
    public void A_change_that_a_close_overtakes_is_answered_to_nobody()
    {
        OfferId offer = _guest.Opened();
        _guest.SendModify(2);
        _guest.SendClose();
        _guest.SendOpen(openId: 8);
        Assert.Equal([new HostAction.Modify(offer, 2), new HostAction.Close(offer)], _guest.Actions());
        _guest.Host.CompleteClose(offer);
        _guest.DoAll();
        _guest.Posts();
        Assert.Equal(MessageFault.None, _guest.SendModify(3));
        Assert.Equal(MessageFault.WrongState, _guest.SendModify(4));
        _guest.NothingToDo();
        _guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        _guest.NothingPosted();
        Assert.Equal(3u, _guest.Action<HostAction.Modify>().TargetVp);
        _guest.Host.CompleteModify(offer, ChannelMessageStatus.Success);
        _guest.Post<ModifyChannelResponse>(ChannelMessageType.ModifyChannelResponse);
    }

    [Fact]
    public void New_monitor_pages_are_answered_once_the_old_ones_are_let_go()
    {
        _guest.Connected();
        Assert.Equal(MessageFault.None, SendModifyConnection(0x5000, 0x6000));
        Assert.Equal(new MonitorPageAddresses(0x5000, 0x6000), _guest.Action<HostAction.ModifyConnection>().MonitorPages);
        _guest.NothingPosted();
        _guest.Host.CompleteModifyConnection(ConnectionState.Successful);
        Assert.Equal("1A00000000000000" + "00", Convert.ToHexString(Assert.Single(_guest.Posts()).Bytes.Span));
    }

    [Fact]
    public void A_second_move_of_the_pages_is_refused_and_the_first_goes_on()
    {
        _guest.Connected();
        SendModifyConnection(0x5000, 0x6000);
        _guest.Actions();
        Assert.Equal(MessageFault.WrongState, SendModifyConnection(0x7000, 0x8000));
        Assert.Equal(ConnectionState.FailedUnknown, _guest.Post<ModifyConnectionResponse>(ChannelMessageType.ModifyConnectionResponse).ConnectionState);
        _guest.NothingToDo();
        _guest.Host.CompleteModifyConnection(ConnectionState.Successful);
        Assert.Equal(ConnectionState.Successful, _guest.Post<ModifyConnectionResponse>(ChannelMessageType.ModifyConnectionResponse).ConnectionState);
    }

    [Fact]
    public void One_page_alone_cannot_be_moved_nor_can_the_hosts_own()
    {
        _guest.Connected();
        Assert.Equal(MessageFault.InvalidField, SendModifyConnection(0x5000, 0));
        Assert.Equal(ConnectionState.FailedUnknown, _guest.Post<ModifyConnectionResponse>(ChannelMessageType.ModifyConnectionResponse).ConnectionState);

        var guest = new ScriptedGuest(new HostProtocolOptions { ServerMonitorPages = new MonitorPageAddresses(0xA000, 0xB000) });
        guest.Connected();
        Assert.Equal(MessageFault.WrongState, guest.Send(ChannelMessageType.ModifyConnection, new ModifyConnection { ParentToChildMonitorPage = 1, ChildToParentMonitorPage = 2 }));
        guest.NothingToDo();
    }

    [Fact]
    public void Monitors_are_given_out_by_the_pages_that_are_in_force()
    {
        _guest.Connected();
        Move(0, 0, ConnectionState.Successful);
        Assert.Null(Offered(1));
        Move(0x5000, 0x6000, ConnectionState.FailedUnknown);
        Assert.Null(Offered(2));
        Move(0x5000, 0x6000, ConnectionState.Successful);
        Assert.Equal(0, Offered(3));
    }

    [Fact]
    public void A_reserved_channel_does_not_stand_in_the_way_of_new_monitor_pages()
    {
        _guest.OpenedReserved();
        Move(0, 0, ConnectionState.Successful);
        Move(0x5000, 0x6000, ConnectionState.Successful);
    }

    [Fact]
    public void A_disconnect_waits_for_the_answer_to_the_move_of_the_pages()
    {
        _guest.Connected();
        SendModifyConnection(0x5000, 0x6000);
        _guest.Send(ChannelMessageType.Unload);
        _guest.Action<HostAction.ModifyConnection>();
        _guest.Host.CompleteModifyConnection(ConnectionState.Successful);
        _guest.NothingPosted();
        _guest.Action<HostAction.Disconnect>();
    }

    [Fact]
    public void A_silo_is_taken_from_5_2_on()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known.Where(version => version >= ProtocolVersion.Win10))
        {
            var guest = new ScriptedGuest();
            guest.Connected(version);
            Assert.Equal(MessageFault.None, guest.Send(ChannelMessageType.TlConnectRequest, Request(1)));
            Assert.Equal(version >= ProtocolVersion.Win10Rs5 ? Request(1).SiloId : Guid.Empty, guest.Action<HostAction.TransportConnect>().Silo);
        }
    }

    // Linux sends 40 bytes at every version (vmbus_send_tl_connect_request); a guest that was not answered waited 30 s.
    [Theory]
    [InlineData(40)]
    [InlineData(48)]
    [InlineData(55)]
    public void A_socket_request_without_a_whole_silo_has_none(int length)
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known.Where(version => version >= ProtocolVersion.Win10))
        {
            var guest = new ScriptedGuest();
            guest.Connected(version);
            byte[] request = ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest, Request(1));
            Assert.Equal(MessageFault.None, guest.Host.Receive(request.AsSpan(0, length).ToArray()));
            HostAction.TransportConnect asked = guest.Action<HostAction.TransportConnect>();
            Assert.Equal((Request(1).Request.EndpointId, Request(1).Request.ServiceId, Guid.Empty), (asked.Endpoint, asked.Service, asked.Silo));
        }
    }

    [Fact]
    public void A_refused_socket_channel_is_told_from_4_1_on_and_one_that_succeeds_never()
    {
        foreach (ProtocolVersion version in ProtocolVersion.Known.Where(version => version >= ProtocolVersion.Win10))
        {
            var guest = new ScriptedGuest();
            guest.Connected(version);
            TlConnectRequest2 request = Request(1);
            guest.Send(ChannelMessageType.TlConnectRequest, request);
            guest.Send(ChannelMessageType.TlConnectRequest, request);
            guest.Host.CompleteTransportConnect(request.Request.EndpointId, request.Request.ServiceId, ChannelMessageStatus.Success);
            guest.NothingPosted();
            guest.Host.CompleteTransportConnect(request.Request.EndpointId, request.Request.ServiceId, ChannelMessageStatus.ConnectionRefused);
            if (version >= ProtocolVersion.Win10Rs3)
                Assert.Equal(ChannelMessageStatus.ConnectionRefused, guest.Post<TlConnectResult>(ChannelMessageType.TlConnectResult).Status);
            guest.Host.CompleteTransportConnect(request.Request.EndpointId, request.Request.ServiceId, ChannelMessageStatus.ConnectionRefused);
            guest.NothingPosted();
        }
    }

    [Fact]
    public void Too_many_socket_channels_at_a_time_are_refused()
    {
        _guest.Connected();
        for (int index = 0; index < _guest.Options.MaxTransportConnects; index++)
            Assert.Equal(MessageFault.None, _guest.Send(ChannelMessageType.TlConnectRequest, Request(index)));
        Assert.Equal(MessageFault.LimitExceeded, _guest.Send(ChannelMessageType.TlConnectRequest, Request(99)));
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, _guest.Post<TlConnectResult>(ChannelMessageType.TlConnectResult).Status);
        _guest.Send(ChannelMessageType.Unload);
        _guest.DoAll(ChannelMessageStatus.ConnectionRefused);
        _guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
    }

    private static TlConnectRequest2 Request(int service) => new()
    {
        Request = new TlConnectRequest { EndpointId = ScriptedGuest.Device, ServiceId = new Guid(service, 1, 1, new byte[8]) },
        SiloId = new Guid(9, 9, 9, new byte[8]),
    };

    private MessageFault SendModifyConnection(ulong parentToChild, ulong childToParent) =>
        _guest.Send(ChannelMessageType.ModifyConnection, new ModifyConnection { ParentToChildMonitorPage = parentToChild, ChildToParentMonitorPage = childToParent });

    private void Move(ulong parentToChild, ulong childToParent, ConnectionState state)
    {
        Assert.Equal(MessageFault.None, SendModifyConnection(parentToChild, childToParent));
        _guest.Action<HostAction.ModifyConnection>();
        _guest.Host.CompleteModifyConnection(state);
        Assert.Equal(state, _guest.Post<ModifyConnectionResponse>(ChannelMessageType.ModifyConnectionResponse).ConnectionState);
    }

    private int? Offered(int instance)
    {
        _guest.Offer(instance, latency: TimeSpan.FromMicroseconds(100));
        _guest.Posts();
        return _guest.Action<HostAction.Offered>().MonitorId;
    }
}

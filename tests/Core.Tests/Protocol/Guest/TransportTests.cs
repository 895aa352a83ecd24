using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

public sealed class TransportTests
{
    private static readonly Guid Endpoint = new("11111111-2222-3333-4444-555555555555");
    private static readonly Guid Service = new("66666666-7777-8888-9999-aaaaaaaaaaaa");
    private static readonly Guid Silo = new("bbbbbbbb-cccc-dddd-eeee-ffffffffffff");

    [Theory]
    [InlineData(4, 0, 40)]
    [InlineData(5, 1, 40)]
    [InlineData(5, 2, 56)]
    [InlineData(6, 0, 56)]
    public void A_request_names_a_silo_from_5_2_on(ushort major, ushort minor, int length)
    {
        ScriptedHost host = ScriptedHost.Connected(new ProtocolVersion(major, minor));
        if (length == 56)
            host.Guest.ConnectTransport(Endpoint, Service, Silo);
        else
            Assert.Throws<InvalidOperationException>(() => host.Guest.ConnectTransport(Endpoint, Service, Silo));
        if (length == 40)
            host.Guest.ConnectTransport(Endpoint, Service, Guid.Empty);
        byte[] expected = [21, 0, 0, 0, 0, 0, 0, 0, .. Endpoint.ToByteArray(), .. Service.ToByteArray(), .. Silo.ToByteArray()];
        Assert.Equal(expected[..length], host.Posted(ChannelMessageType.TlConnectRequest).Bytes.ToArray());
    }

    [Fact]
    public void Socket_channels_came_with_4_0() =>
        Assert.Throws<InvalidOperationException>(() => ScriptedHost.Connected(ProtocolVersion.Win81).Guest.ConnectTransport(Endpoint, Service, Guid.Empty));

    [Fact]
    public void The_good_answer_is_an_offer()
    {
        ScriptedHost host = Connecting();
        GuestOffer offer = host.Offer(3, instance: Endpoint, type: Service, flags: OfferFlags.TlnpiProviderOffer | OfferFlags.NamedPipeMode);
        Assert.Equal(PipeMode.Byte, offer.PipeMode);
        Assert.Equal(new GuestEvent.TransportConnected(Endpoint, Service, RequestResult.Success), host.Event<GuestEvent.TransportConnected>());
        host.Drop(MessageFault.UnknownTarget, TlConnectResult.MessageType, Result(ChannelMessageStatus.ConnectionRefused));
    }

    [Fact]
    public void The_bad_answer_is_a_result()
    {
        ScriptedHost host = Connecting();
        Assert.Throws<InvalidOperationException>(() => host.Guest.ConnectTransport(Endpoint, Service, Guid.Empty));
        host.Send(TlConnectResult.MessageType, Result(ChannelMessageStatus.ConnectionRefused));
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, host.Event<GuestEvent.TransportConnected>().Result.Status);
        host.Guest.ConnectTransport(Endpoint, Service, Guid.Empty);
    }

    [Fact]
    public void A_result_that_says_yes_is_no_answer()
    {
        ScriptedHost host = Connecting();
        host.Drop(MessageFault.InvalidField, TlConnectResult.MessageType, Result(ChannelMessageStatus.Success));
        host.NoEvent();
        Assert.Equal(1, host.Guest.PendingRequests);
    }

    [Fact]
    public void A_connect_of_the_host_to_the_same_ends_is_not_the_answer()
    {
        ScriptedHost host = Connecting();
        byte[] message = ScriptedHost.OfferBytes(3, instance: Endpoint, type: Service, flags: OfferFlags.TlnpiProviderOffer);
        message[64] = 1;
        host.Say(message);
        host.Event<GuestEvent.Offered>();
        host.NoEvent();
        Assert.Equal(1, host.Guest.PendingRequests);
    }

    [Fact]
    public void Silence_and_posts_that_fail_end_a_request_too()
    {
        ScriptedHost host = Connecting();
        host.Expire();
        Assert.Equal(RequestOutcome.TimedOut, host.Event<GuestEvent.TransportConnected>().Result.Outcome);
        host.Guest.ConnectTransport(Endpoint, Service, Guid.Empty);
        host.Posted(ChannelMessageType.TlConnectRequest, HypercallStatus.AccessDenied);
        Assert.Equal(RequestOutcome.NotPosted, host.Event<GuestEvent.TransportConnected>().Result.Outcome);
        host.Offer(3, instance: Endpoint, type: Service, flags: OfferFlags.TlnpiProviderOffer);
        host.NoEvent();
    }

    private static ScriptedHost Connecting()
    {
        ScriptedHost host = ScriptedHost.Connected(ProtocolVersion.Iron);
        host.Guest.ConnectTransport(Endpoint, Service, Guid.Empty);
        host.Posted(ChannelMessageType.TlConnectRequest);
        return host;
    }

    private static TlConnectResult Result(ChannelMessageStatus status) => new() { EndpointId = Endpoint, ServiceId = Service, Status = status };
}

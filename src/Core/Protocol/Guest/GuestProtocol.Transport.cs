// Asking for socket channels. Mirrors vmbus_send_tl_connect_request (Linux drivers/hv/channel.c); that an offer is the
// good answer and a result the bad one is from OpenVMM (vmbus_client hvsock.rs).

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private readonly Dictionary<(Guid Endpoint, Guid Service), uint> _transports = [];
    private uint _lastTransport;

    /// <summary>
    /// Asks for a socket channel to a service of the host. Ends in <see cref="GuestEvent.TransportConnected"/>, right behind
    /// the <see cref="GuestEvent.Offered"/> of the channel when there is one. A host before 4.1 has no way to refuse but silence.
    /// </summary>
    /// <param name="endpoint">The guest's end; the offer's instance.</param>
    /// <param name="service">The host's service; the offer's type.</param>
    /// <param name="silo">The silo the service is in; empty for none, and always before 5.2.</param>
    /// <exception cref="InvalidOperationException">
    /// There is no connection, it is older than 4.0 (or than 5.2, with a silo), or the same is already requested.
    /// </exception>
    public void ConnectTransport(Guid endpoint, Guid service, Guid silo)
    {
        RequireVersion(silo == Guid.Empty ? ProtocolVersion.Win10 : ProtocolVersion.Win10Rs5, silo == Guid.Empty ? "socket channels" : "silos");
        uint id = unchecked(_lastTransport + 1);
        if (!_transports.TryAdd((endpoint, service), id))
            throw new InvalidOperationException($"A channel from {endpoint} to {service} is already requested.");
        _lastTransport = id;
        var request = new TlConnectRequest2 { Request = new TlConnectRequest { EndpointId = endpoint, ServiceId = service }, SiloId = silo };
        Post(TlConnectRequest.MessageType, request, Negotiated.HasSiloId ? TlConnectRequest2.Size : TlConnectRequest.Size);
        Start(RequestKind.ConnectTransport, id, (endpoint, service));
    }

    private void AnswerTransportConnect(GuestOffer offer)
    {
        if (offer.AnswersTransportConnect && _transports.TryGetValue((offer.InterfaceInstance, offer.InterfaceType), out uint id))
            Finish(RequestKind.ConnectTransport, id, RequestResult.Success);
    }

    // A result that says yes is no answer: the offer is.
    private MessageFault TakeTransportResult(TlConnectResult result)
    {
        if ((int)result.Status >= 0)
            return MessageFault.InvalidField;
        if (!_transports.TryGetValue((result.EndpointId, result.ServiceId), out uint id))
            return MessageFault.UnknownTarget;
        Finish(RequestKind.ConnectTransport, id, new RequestResult(RequestOutcome.Completed, result.Status));
        return MessageFault.None;
    }

    private void TransportNotPosted(TlConnectRequest request)
    {
        if (_transports.TryGetValue((request.EndpointId, request.ServiceId), out uint id))
            Finish(RequestKind.ConnectTransport, id, RequestOutcome.NotPosted);
    }
}

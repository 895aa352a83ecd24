// What a guest changes of an open channel, and the socket channels it asks for.

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private readonly List<(Guid Endpoint, Guid Service, Guid Silo)> _transportConnects = [];

    /// <summary>Answers <see cref="HostAction.Modify"/>. From 5.3 on the guest is told.</summary>
    /// <param name="offer">The channel.</param>
    /// <param name="status"><see cref="ChannelMessageStatus.Success"/> where the old VP is interrupted no more.</param>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    /// <exception cref="InvalidOperationException">The channel's target VP is not being changed.</exception>
    public void CompleteModify(OfferId offer, ChannelMessageStatus status)
    {
        if (Answered(offer) is not { } channel)
            return;
        HostOpenRequest modified = channel.Modifying ?? throw NotAsked("a change of its VP", offer);
        channel.Modifying = null;
        if (channel.State != HostChannelState.Open)
            return;
        // The guest that asked may have closed since, and opened again.
        if (ReferenceEquals(modified, channel.Request))
            SendModifyResponse(channel.Relid, status);
        if (channel.NextTargetVp is { } next)
        {
            channel.NextTargetVp = null;
            Modify(channel, next);
        }
    }

    /// <summary>
    /// Answers <see cref="HostAction.TransportConnect"/>. A guest of 4.1 or newer is told of a failure; of a success it learns
    /// by the channel's offer. Means nothing where the guest has left since.
    /// </summary>
    /// <param name="endpoint">The guest's end.</param>
    /// <param name="service">The service.</param>
    /// <param name="status">
    /// <see cref="ChannelMessageStatus.Success"/>, or <see cref="ChannelMessageStatus.ConnectionRefused"/>, which Windows guests
    /// understand.
    /// </param>
    public void CompleteTransportConnect(Guid endpoint, Guid service, ChannelMessageStatus status)
    {
        int index = _transportConnects.FindIndex(asked => asked.Endpoint == endpoint && asked.Service == service);
        if (index < 0)
            return;
        _transportConnects.RemoveAt(index);
        if (status != ChannelMessageStatus.Success)
            SendTransportFailure(endpoint, service, status);
    }

    private MessageFault OnModifyChannel(in ModifyChannel message)
    {
        HostChannel? channel = _relids[message.ChildRelid];
        MessageFault fault = CheckModify(channel, message.TargetVp);
        if (fault != MessageFault.None)
        {
            SendModifyResponse(message.ChildRelid, ChannelMessageStatus.Unsuccessful);
            return fault;
        }

        if (channel!.Modifying is null)
        {
            Modify(channel, message.TargetVp);
            return MessageFault.None;
        }

        // A guest that gets answers has to wait for them. One that gets none cannot, and its last word counts; so does that
        // of one that opened again while a change of its former open is not finished.
        if (Negotiated.AnswersModifyChannel && (ReferenceEquals(channel.Modifying, channel.Request) || channel.NextTargetVp is not null))
            return MessageFault.WrongState;
        channel.NextTargetVp = message.TargetVp;
        return MessageFault.None;
    }

    private MessageFault CheckModify(HostChannel? channel, uint targetVp)
    {
        if (channel is null)
            return MessageFault.UnknownTarget;
        if (targetVp >= _options.VpCount)
            return MessageFault.InvalidField;
        return channel.State != HostChannelState.Open || channel.Request!.TargetVp is null ? MessageFault.WrongState : MessageFault.None;
    }

    private void Modify(HostChannel channel, uint targetVp)
    {
        channel.Request = channel.Request! with { TargetVp = targetVp };
        channel.Modifying = channel.Request;
        Do(new HostAction.Modify(channel.Id, targetVp));
    }

    private void SendModifyResponse(uint relid, ChannelMessageStatus status)
    {
        if (Negotiated.AnswersModifyChannel)
            Send(ChannelMessageType.ModifyChannelResponse, new ModifyChannelResponse { ChildRelid = relid, Status = status });
    }

    private MessageFault OnTransportConnect(ReadOnlySpan<byte> message)
    {
        TlConnectRequest request = ChannelMessages.Read<TlConnectRequest>(message);
        if (_transportConnects.Count >= _options.MaxTransportConnects)
        {
            SendTransportFailure(request.EndpointId, request.ServiceId, ChannelMessageStatus.ConnectionRefused);
            return MessageFault.LimitExceeded;
        }

        // Linux leaves the silo out, Windows and OpenVMM's client do not. A silo cut short is none.
        bool hasSilo = Negotiated.HasSiloId && message.Length >= TlConnectRequest2.Size;
        Guid silo = hasSilo ? ChannelMessages.Read<TlConnectRequest2>(message).SiloId : Guid.Empty;
        _transportConnects.Add((request.EndpointId, request.ServiceId, silo));
        Do(new HostAction.TransportConnect(request.EndpointId, request.ServiceId, silo));
        return MessageFault.None;
    }

    private void SendTransportFailure(Guid endpoint, Guid service, ChannelMessageStatus status)
    {
        if (Negotiated.CanModifyChannel)
            Send(ChannelMessageType.TlConnectResult, new TlConnectResult { EndpointId = endpoint, ServiceId = service, Status = status });
    }
}

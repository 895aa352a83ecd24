// What the protocol wants done, done. Everything here runs on the bus's loop.

using VmBus.Protocol;

namespace VmBus.Hosting;

partial class HostBus
{
    private void Do(HostAction action)
    {
        switch (action)
        {
            case HostAction.Connect connect:
                _protocol.CompleteConnect(TryConnect(connect.Request) ? ConnectionState.Successful : ConnectionState.FailedUnknown);
                break;
            case HostAction.Disconnect:
                DropTransports();
                _pages?.Dispose();
                _pages = null;
                VmBusEventSource.Log.Disconnected(ChannelIdentity.Host);
                _protocol.CompleteDisconnect();
                break;
            case HostAction.ModifyConnection modify:
                MoveMonitors(modify.MonitorPages);
                break;
            case HostAction.CreateGpadl create:
                CreateGpadl(create);
                break;
            case HostAction.TeardownGpadl teardown:
                _links[teardown.Offer].Gpadls.TryRemove(teardown.Gpadl, out _);
                _protocol.CompleteTeardownGpadl(teardown.Offer, teardown.Gpadl);
                break;
            case HostAction.Open open:
                Open(_links[open.Offer], open.Request);
                break;
            case HostAction.Close close:
                Close(_links[close.Offer]);
                break;
            case HostAction.Modify modify:
                _links[modify.Offer].Opened?.Retarget(modify.TargetVp);
                _protocol.CompleteModify(modify.Offer, ChannelMessageStatus.Success);
                break;
            case HostAction.TransportConnect connect:
                ConnectTransport(connect);
                break;
            case HostAction.Offered offer:
                _links[offer.Offer].SetOffered(offer.Relid, offer.MonitorId);
                break;
            case HostAction.Released released:
                Release(released.Offer);
                break;
            case HostAction.RestoredConnection restored:
                RestoreConnection(restored.Request);
                break;
            case HostAction.Restored restored:
                Restore(_links[restored.Offer], restored);
                break;
            default:
                throw new InvalidOperationException($"No such action: {action}.");
        }
    }

    private void CreateGpadl(HostAction.CreateGpadl create)
    {
        bool isThere = create.Ranges.All(range =>
        {
            foreach (ulong frame in range.PageFrames.Span)
            {
                if (frame > ulong.MaxValue / GpadlRange.PageSize || !_partition.Memory.Contains(frame * GpadlRange.PageSize, GpadlRange.PageSize))
                    return false;
            }
            return true;
        });
        if (isThere)
            _links[create.Offer].Gpadls[create.Gpadl] = create.Ranges;
        else
            Refuse($"GPADL 0x{create.Gpadl:x} of channel {create.Relid} refers to memory that the guest does not have.");
        _protocol.CompleteCreateGpadl(create.Offer, create.Gpadl, isThere ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful);
    }

    // A guest that is gone, or asks for socket channels again, is told nothing of what it asked for before.
    private void ConnectTransport(HostAction.TransportConnect connect)
    {
        bool isTooMuch = AbandonedCalls >= _options.MaxAbandonedCalls;
        if (isTooMuch)
            Refuse($"A socket channel is refused while {AbandonedCalls} abandoned calls of devices still run.");
        if (isTooMuch || _transportConnect is not { } handler)
        {
            _protocol.CompleteTransportConnect(connect.Endpoint, connect.Service, ChannelMessageStatus.ConnectionRefused);
            return;
        }
        var request = new TransportRequest(connect.Endpoint, connect.Service, connect.Silo);
        _transports.Add(Question.Ask(
            _code, token => handler(request, token), $"{nameof(HostBusOptions.TransportConnect)} for service {request.Service}",
            _options.DeviceAnswerTimeout, _options.Clock,
            (question, answer) => _loop.Run(() => EndTransport(question, request, answer)),
            failure => _failures.Report(DeviceOperation.TransportConnect, null, failure)));
    }

    private void EndTransport(Question question, TransportRequest request, Answer answer)
    {
        if (answer.Failure is { } failure)
            _failures.Report(DeviceOperation.TransportConnect, null, failure);
        if (_transports.Remove(question))
            _protocol.CompleteTransportConnect(request.Endpoint, request.Service, answer.Yes ? ChannelMessageStatus.Success : ChannelMessageStatus.ConnectionRefused);
    }

    private void DropTransports()
    {
        foreach (Question question in _transports)
            question.Dispose();
        _transports.Clear();
    }

    private void MoveMonitors(MonitorPageAddresses? addresses)
    {
        bool moved = true;
        try
        {
            _pages?.MoveMonitors(addresses, _partition, () =>
            {
                foreach (OfferLink link in _links.Values)
                {
                    link.Opened?.MoveMonitors(_pages);
                    link.Opening?.Channel.MoveMonitors(_pages);
                }
            });
        }
        catch (RefusedException refused)
        {
            Refuse(refused.Message);
            moved = false;
        }
        _protocol.CompleteModifyConnection(moved ? ConnectionState.Successful : ConnectionState.FailedUnknown);
    }

    private void Release(OfferId offer)
    {
        // Those that were not offered again after a restore have no link.
        if (!_links.TryGetValue(offer, out OfferLink? link))
            return;
        link.SetReleased();
        // A guest that goes in the midst of an open: its device is not waited for.
        RefuseOpening(link, null);
        if (link.Revoked.IsCompleted)
            _links.Remove(offer);
    }

    private bool TryConnect(HostConnectRequest request)
    {
        if (!Try(() => _pages = new ConnectedPages(request, _partition), DeviceOperation.Connect, null))
            return false;
        VmBusEventSource.Log.Connected(ChannelIdentity.Host, request.Version.Version.ToString());
        return true;
    }

    // A guest's request that leaves nothing behind where it fails: whatever it fails with, it is refused.
    private bool Try(Action attempt, DeviceOperation operation, OfferLink? link)
    {
        try
        {
            attempt();
            return true;
        }
        catch (RefusedException refused)
        {
            Refuse(refused.Message);
        }
        catch (Exception failure)
        {
            Refuse($"{failure.GetType().Name}: {failure.Message}");
            _failures.Report(operation, link?.Handle, failure);
        }
        return false;
    }

    // What the protocol refuses for a limit of its own: the guest is told no, and the host's author by which limit.
    private string LimitOf(ChannelMessageType request) => request == ChannelMessageType.TlConnectRequest
        ? $"A socket channel is refused: {_protocol.SocketRequests} of {_options.MaxTransportConnects} requests are already pending ({nameof(HostBusOptions.MaxTransportConnects)})."
        : $"A GPADL is refused: the guest has {_protocol.GpadlCount} of {_options.MaxGpadls} GPADLs with {_protocol.GpadlPages} of {_options.MaxGpadlPages} pages already "
            + $"({nameof(HostBusOptions.MaxGpadls)}, {nameof(HostBusOptions.MaxGpadlPages)}).";

    private void Refuse(string reason)
    {
        Interlocked.Increment(ref _refused);
        _lastRefusal = reason;
        ChannelMeter.OnRefused();
        VmBusEventSource.Log.Refused(reason);
    }
}

// Requests and what becomes of them. All fields here are the loop's.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private readonly Dictionary<(Awaited What, uint Key), TaskCompletionSource<RequestResult>> _awaited = [];
    private readonly Dictionary<(Guid Endpoint, Guid Service), TaskCompletionSource<RequestResult>> _transports = [];

    private Task<RequestResult> Await(Awaited what, uint key)
    {
        TaskCompletionSource<RequestResult> source = NewSource<RequestResult>();
        _awaited.Add((what, key), source);
        return source.Task;
    }

    private void End(Awaited what, uint key, RequestResult result)
    {
        if (_awaited.Remove((what, key), out TaskCompletionSource<RequestResult>? source))
            source.SetResult(result);
    }

    // Of requests that the protocol does not end by itself any more.
    private void EndRequests(RequestResult result)
    {
        foreach (TaskCompletionSource<RequestResult> source in _awaited.Values.Concat(_transports.Values))
            source.TrySetResult(result);
        _awaited.Clear();
        _transports.Clear();
    }

    // Asks, on the loop. The request itself may be refused at once, by an exception; the task never fails.
    private Task<RequestResult> Ask(Awaited what, uint key, Action request)
    {
        RefuseWhenOver();
        if (_awaited.ContainsKey((what, key)))
            throw new InvalidOperationException($"The same request is already pending: {what} {key}.");
        request();
        return Await(what, key);
    }

    private void Check(RequestResult result, string name)
    {
        if (!result.IsSuccess)
            throw new GuestBusException($"The host did not {name}: {Reason(result)}.", result, _failure);
    }

    private string Reason(RequestResult result) => result.Outcome switch
    {
        RequestOutcome.Completed => $"it refused with {result.Status}",
        RequestOutcome.TimedOut => $"no answer within {_options.Protocol.ResponseTimeout.TotalSeconds} s",
        RequestOutcome.Rescinded => "it has rescinded the channel",
        RequestOutcome.Disconnected => _failure is { } failure ? $"the connection has failed ({failure.Message})" : "the connection has ended",
        RequestOutcome.NotPosted => $"the message could not be posted in {_options.Protocol.Retry.MaxTries} tries",
        _ => "the request was withdrawn",
    };

    private void On(GuestEvent happened)
    {
        switch (happened)
        {
            case GuestEvent.Connected connected:
                OnConnected(connected);
                break;
            case GuestEvent.ConnectFailed failed:
                _connected.TrySetResult(failed);
                break;
            case GuestEvent.Offered offered:
                OnOffered(offered.Offer);
                break;
            case GuestEvent.AllOffersDelivered delivered:
                End(Awaited.Offers, 0, delivered.Result);
                break;
            case GuestEvent.Rescinded rescinded:
                OnRescinded(rescinded.Relid);
                break;
            case GuestEvent.GpadlCreated created:
                End(Awaited.Gpadl, created.Gpadl, created.Result);
                break;
            case GuestEvent.GpadlTornDown tornDown:
                if (_loans.TryGetValue(tornDown.Gpadl, out RingLoan? loan))
                    loan.OnTornDown(tornDown.Result);
                break;
            case GuestEvent.Opened opened:
                End(Awaited.Open, opened.Relid, opened.Result);
                break;
            case GuestEvent.ChannelModified modified:
                End(Awaited.Retarget, modified.Relid, modified.Result);
                break;
            case GuestEvent.ConnectionModified modified:
                OnConnectionModified(modified);
                break;
            case GuestEvent.Paused paused:
                OnPaused(paused.Result);
                break;
            case GuestEvent.TransportConnected connected:
                if (_transports.Remove((connected.Endpoint, connected.Service), out TaskCompletionSource<RequestResult>? transport))
                    transport.SetResult(connected.Result);
                break;
            case GuestEvent.Unloaded unloaded:
                foreach (GuestChannel channel in _open.Values)
                    channel.OnDisconnected("The connection has ended.");
                End(Awaited.Unload, 0, unloaded.Result);
                break;
            case GuestEvent.ReservedClosed closed:
                End(Awaited.CloseReserved, closed.Relid, closed.Result);
                break;
            case GuestEvent.BrokenOff broken:
                Fail(new GuestBusException(broken.Reason, GuestBusError.HostBroken));
                break;
            case GuestEvent.NotPosted:
                break;
            default:
                throw new InvalidOperationException($"No such event: {happened}.");
        }
    }

    private void OnConnected(GuestEvent.Connected connected)
    {
        _connection = connected;
        VmBusEventSource.Log.Connected(ChannelIdentity.Guest, connected.Negotiated.Version.ToString());
        if (connected.Negotiated.SharesEventFlag)
            _platform.ShareEvents(InterruptPage);
        if (connected.AreServerPages)
            _serverMonitorPage = _platform.TryMapHostPage(connected.MonitorPages.ChildToParent);
        _connected.TrySetResult(connected);
    }

    // The page the guest sets bits in: its own, or the host's where the host gave one.
    private MonitorPageView? MonitorPage =>
        _connection!.AreServerPages ? _serverMonitorPage is { } page ? new MonitorPageView(page.Address) : null
        : _monitorPages is { } own ? new MonitorPageView(own.Address + GpadlRange.PageSize)
        : null;
}

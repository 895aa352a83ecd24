// Requests and what becomes of them. All fields here are the loop's.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

public sealed partial class GuestBus
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

    // Asks on the loop, waits off it. The request itself may be refused at once, by an exception.
    private async Task AskAsync(Awaited what, uint key, Action request, string name, CancellationToken cancellationToken)
    {
        Task<RequestResult> asked = await _loop.RunAsync(() => Ask(what, key, request)).ConfigureAwait(false);
        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), name);
    }

    private Task<RequestResult> Ask(Awaited what, uint key, Action request)
    {
        RefuseWhenSaving();
        if (_awaited.ContainsKey((what, key)))
            throw new InvalidOperationException($"The same was asked already and is not answered yet: {what} {key}.");
        request();
        return Await(what, key);
    }

    private static void Check(RequestResult result, string name)
    {
        if (!result.IsSuccess)
            throw new GuestBusException($"The host did not {name}: {result}.", result);
    }

    private void On(GuestEvent happened)
    {
        switch (happened)
        {
            case GuestEvent.Connected connected:
                OnConnected(connected);
                break;
            case GuestEvent.ConnectFailed failed:
                _connected.TrySetException(new GuestBusException($"There is no connection: {failed.Reason}.", failure: failed.Reason));
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
                End(Awaited.Teardown, tornDown.Gpadl, tornDown.Result);
                break;
            case GuestEvent.Opened opened:
                End(Awaited.Open, opened.Relid, opened.Result);
                break;
            case GuestEvent.ChannelModified modified:
                End(Awaited.Retarget, modified.Relid, modified.Result);
                break;
            case GuestEvent.ConnectionModified modified:
                End(Awaited.Monitors, 0, modified.State == ConnectionState.Successful
                    ? modified.Result : modified.Result with { Status = ChannelMessageStatus.Unsuccessful });
                break;
            case GuestEvent.Paused paused:
                End(Awaited.Pause, 0, paused.Result);
                break;
            case GuestEvent.TransportConnected connected:
                if (_transports.Remove((connected.Endpoint, connected.Service), out TaskCompletionSource<RequestResult>? transport))
                    transport.SetResult(connected.Result);
                break;
            case GuestEvent.Unloaded unloaded:
                foreach (GuestChannel channel in _open.Values)
                    channel.OnDisconnected();
                End(Awaited.Unload, 0, unloaded.Result);
                break;
            case GuestEvent.ReservedClosed closed:
                End(Awaited.CloseReserved, closed.Relid, closed.Result);
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

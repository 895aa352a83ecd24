// What is waited for, and until when. All requests have the same patience, so the oldest is the next to run out of it.

using System.Diagnostics;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private readonly LinkedList<GuestRequest> _requests = [];
    private readonly Dictionary<(RequestKind Kind, uint Id), LinkedListNode<GuestRequest>> _byKind = [];

    /// <summary>How many requests have not come to their end.</summary>
    public int PendingRequests => _requests.Count;

    /// <summary>
    /// How long until <see cref="Elapse"/> has something to do, or <see cref="TryPeekPost"/> something to post: zero when it
    /// is so now, <see langword="null"/> when only a message of the host or a request can change anything.
    /// </summary>
    public TimeSpan? UntilDue
    {
        get
        {
            TimeSpan? post = _outbox.UntilDue;
            if (NextToExpire() is not { } request)
                return post;
            TimeSpan left = _options.ResponseTimeout - _clock.GetElapsedTime(request.StartedAt);
            if (left < TimeSpan.Zero)
                left = TimeSpan.Zero;
            return post < left ? post : left;
        }
    }

    /// <summary>Ends the requests whose deadline has passed.</summary>
    public void Elapse()
    {
        while (NextToExpire() is { } request && _clock.GetElapsedTime(request.StartedAt) >= _options.ResponseTimeout)
            Expire(request);
    }

    // The host answers nothing during a pause, so only the pause itself can take too long.
    private GuestRequest? NextToExpire() => State switch
    {
        GuestConnectionState.Paused => null,
        GuestConnectionState.Pausing => _byKind[(RequestKind.Pause, 0)].Value,
        _ => _requests.First?.Value,
    };

    private void Start(RequestKind kind, uint id = 0, (Guid, Guid) transport = default)
    {
        var request = new GuestRequest(kind, id) { StartedAt = _clock.GetTimestamp(), Transport = transport };
        _byKind.Add((kind, id), _requests.AddLast(request));
    }

    private bool IsPending(RequestKind kind, uint id = 0) => _byKind.ContainsKey((kind, id));

    private bool Forget(RequestKind kind, uint id = 0)
    {
        if (!_byKind.Remove((kind, id), out LinkedListNode<GuestRequest>? node))
            return false;
        _requests.Remove(node);
        return true;
    }

    /// <returns>Whether the request was pending.</returns>
    private bool Finish(RequestKind kind, uint id, RequestResult result)
    {
        if (!_byKind.TryGetValue((kind, id), out LinkedListNode<GuestRequest>? node))
            return false;
        Forget(kind, id);
        if (EventOf(node.Value, result) is { } guestEvent)
            Emit(guestEvent);
        return true;
    }

    private bool Finish(RequestKind kind, uint id, RequestOutcome outcome) => Finish(kind, id, new RequestResult(outcome));

    private GuestEvent? EventOf(GuestRequest request, RequestResult result)
    {
        switch (request.Kind)
        {
            case RequestKind.Contact or RequestKind.Drain:
                return null;
            case RequestKind.Offers:
                return new GuestEvent.AllOffersDelivered(result);
            case RequestKind.CreateGpadl:
                return new GuestEvent.GpadlCreated(_gpadls[request.Id].Channel.Relid, request.Id, result);
            case RequestKind.TeardownGpadl:
                return new GuestEvent.GpadlTornDown(request.Id, result);
            case RequestKind.Open:
                return new GuestEvent.Opened(request.Id, result);
            case RequestKind.ModifyChannel:
                return new GuestEvent.ChannelModified(request.Id, result);
            case RequestKind.CloseReserved:
                return new GuestEvent.ReservedClosed(request.Id, result);
            case RequestKind.ConnectTransport:
                _transports.Remove(request.Transport);
                return new GuestEvent.TransportConnected(request.Transport.Endpoint, request.Transport.Service, result);
            case RequestKind.ModifyConnection:
                return new GuestEvent.ConnectionModified(result, _connectionState, MonitorPages);
            case RequestKind.Pause:
                return new GuestEvent.Paused(result);
            case RequestKind.Unload:
                return new GuestEvent.Unloaded(result);
            default:
                throw new UnreachableException($"There is no request {request.Kind}.");
        }
    }

    private void Expire(GuestRequest request)
    {
        switch (request.Kind)
        {
            case RequestKind.Contact:
                Forget(RequestKind.Contact);
                _isContactOwed = true;
                FailConnect(ConnectFailure.Timeout);
                return;
            case RequestKind.Drain:
                EndDrain();
                return;
            case RequestKind.CreateGpadl:
                _gpadls[request.Id].State = GuestGpadl.Phase.Abandoned;
                break;
            case RequestKind.Open:
                _channels[request.Id].State = GuestChannelState.Abandoned;
                break;
            case RequestKind.Pause:
                EndPause(RequestOutcome.TimedOut);
                return;
            case RequestKind.Unload:
                EndUnload(RequestOutcome.TimedOut);
                return;
        }
        Finish(request.Kind, request.Id, RequestOutcome.TimedOut);
    }

    private void FinishAll(RequestOutcome outcome)
    {
        while (_requests.First is { } node)
            Finish(node.Value.Kind, node.Value.Id, outcome);
    }

    // A pause does not count, neither for those who waited when it began nor for those who came during it.
    private void Postpone(long since)
    {
        long now = _clock.GetTimestamp();
        foreach (GuestRequest request in _requests)
            request.StartedAt = Math.Min(now, request.StartedAt + (now - since));
    }
}

// What the protocol wants done, done. Everything here runs on the bus's loop.

using VmBus.Protocol;

namespace VmBus.Hosting;

public sealed partial class HostBus
{
    private void Do(HostAction action)
    {
        switch (action)
        {
            case HostAction.Connect connect:
                _protocol.CompleteConnect(Try(() => _pages = new ConnectedPages(connect.Request, _partition))
                    ? ConnectionState.Successful : ConnectionState.FailedUnknown);
                break;
            case HostAction.Disconnect:
                _pages?.Dispose();
                _pages = null;
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
                bool offered = _options.TransportConnect?.Invoke(new TransportRequest(connect.Endpoint, connect.Service, connect.Silo)) ?? false;
                _protocol.CompleteTransportConnect(connect.Endpoint, connect.Service,
                    offered ? ChannelMessageStatus.Success : ChannelMessageStatus.ConnectionRefused);
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
            Refuse($"GPADL 0x{create.Gpadl:x} of channel {create.Relid} names memory that the guest has not got.");
        _protocol.CompleteCreateGpadl(create.Offer, create.Gpadl, isThere ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful);
    }

    private void Open(OfferLink link, HostOpenRequest request)
    {
        OpenedChannel? opened = null;
        bool accepted = Try(() =>
        {
            if (link.IsRevoked)
                throw new RefusedException($"Channel {request.Relid} is being taken back.");
            opened = new OpenedChannel(link, request, _partition, _pages, _options);
            if (!link.Device.Accepts(request))
                throw new RefusedException($"The device of channel {request.Relid} does not accept the open.");
        });
        if (!accepted)
        {
            opened?.Dispose();
            _protocol.CompleteOpen(link.Id, ChannelMessageStatus.Unsuccessful);
            return;
        }

        _protocol.CompleteOpen(link.Id, ChannelMessageStatus.Success);
        Serve(link, opened!, isRestored: false);
        if (_options.UnstickDelay > TimeSpan.Zero)
            opened!.Unsticker = _options.Clock.CreateTimer(_ => _loop.Run(() => Unstick(link, opened)), null, _options.UnstickDelay, Timeout.InfiniteTimeSpan);
    }

    private void Serve(OfferLink link, OpenedChannel opened, bool isRestored)
    {
        link.Failure = null;
        link.Opened = opened;
        var channel = new DeviceChannel(link, opened.Channel, opened.Request, _partition.Memory, isRestored);
        opened.Service = Task.Factory.StartNew(
            () => ServeAsync(link, channel, opened.Closing), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _options.Scheduler).Unwrap();
    }

    private static void Unstick(OfferLink link, OpenedChannel opened)
    {
        opened.Unsticker?.Dispose();
        if (link.Opened == opened && !opened.Closing.IsCancellationRequested)
            opened.Unstick();
    }

    private static async Task ServeAsync(OfferLink link, DeviceChannel channel, CancellationToken closing)
    {
        try
        {
            await link.Device.ServeAsync(channel, closing).ConfigureAwait(false);
        }
        catch (Exception end) when (closing.IsCancellationRequested && end is OperationCanceledException or PeerDisconnectedException)
        {
            // How a service ends that waits on its channel when the guest closes it.
        }
        catch (Exception failure)
        {
            link.Failure = failure;
        }
    }

    private void Close(OfferLink link)
    {
        // One that was being closed when it was saved has nothing open any more.
        if (link.IsOpen)
            End(link, () => _protocol.CompleteClose(link.Id));
        else
            _protocol.CompleteClose(link.Id);
    }

    private void Revoke(OfferLink link)
    {
        _protocol.Revoke(link.Id);
        link.Gpadls.Clear();
        if (link.Relid is null)
            _links.Remove(link.Id);
        link.SetRevoked();
    }

    // Ends a service, and takes the channel's memory away when it has: more than one may want that.
    private void End(OfferLink link, Action then)
    {
        OpenedChannel opened = link.Opened!;
        opened.BeginClose();
        opened.Service.ContinueWith(_ => _loop.Run(() =>
        {
            if (_isSaved)
                return;
            if (link.Opened == opened)
                link.Opened = null;
            opened.Dispose();
            then();
        }), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void MoveMonitors(MonitorPageAddresses? addresses)
    {
        bool moved = Try(() => _pages?.MoveMonitors(addresses, _partition, () =>
        {
            foreach (OfferLink link in _links.Values)
                link.Opened?.MoveMonitors(_pages);
        }));
        _protocol.CompleteModifyConnection(moved ? ConnectionState.Successful : ConnectionState.FailedUnknown);
    }

    private void Release(OfferId offer)
    {
        // Those that nobody offered again after a restore have no link.
        if (!_links.TryGetValue(offer, out OfferLink? link))
            return;
        link.SetReleased();
        if (link.Revoked.IsCompleted)
            _links.Remove(offer);
    }

    private bool Try(Action attempt)
    {
        try
        {
            attempt();
            return true;
        }
        catch (RefusedException refused)
        {
            Refuse(refused.Message);
            return false;
        }
    }

    private void Refuse(string reason)
    {
        Interlocked.Increment(ref _refused);
        _lastRefusal = reason;
    }
}

// Opens that devices are asked about, services that run, and how both end. Everything here runs on the bus's loop; what is the
// devices' does not.

using VmBus.Pipes;
using VmBus.Protocol;

namespace VmBus.Hosting;

partial class HostBus
{
    private int _lostServices;

    // What the devices' author keeps running. A guest that comes and goes must not pile it up.
    private int AbandonedCalls => _lostServices + _code.Abandoned;

    // The rings and the event port are there before the device is asked: no early signal of the guest is lost.
    private void Open(OfferLink link, HostOpenRequest request)
    {
        OpenedChannel? opened = null;
        bool isPossible = Try(() =>
        {
            if (link.IsRevoked)
                throw new RefusedException($"Channel {request.Relid} is being revoked.");
            if (AbandonedCalls >= _options.MaxAbandonedCalls)
                throw new RefusedException($"Channel {request.Relid} is not opened while {AbandonedCalls} abandoned calls of devices still run.");
            opened = OpenChannel(link, request);
        }, DeviceOperation.Open, link);
        if (!isPossible)
        {
            _protocol.CompleteOpen(link.Id, ChannelMessageStatus.Unsuccessful);
            return;
        }
        Question question = Question.Ask(
            _code, token => link.Device.AcceptsAsync(request, token), $"The device of channel {request.Relid}",
            _options.DeviceAnswerTimeout, _options.Clock,
            (question, answer) => _loop.Run(() => EndOpening(link, question, answer)),
            failure => Fail(link, DeviceOperation.Accept, failure));
        link.Opening = new PendingOpen(opened!, question);
    }

    private OpenedChannel OpenChannel(OfferLink link, HostOpenRequest request) =>
        new(link, request, _partition, _pages, _frames, _mappings, _options, failure => _failures.Report(DeviceOperation.Close, link.Handle, failure));

    // The device has answered, or its time is over.
    private void EndOpening(OfferLink link, Question question, Answer answer)
    {
        if (answer.Failure is { } failure)
            Fail(link, DeviceOperation.Accept, failure);
        if (link.Opening is not { } opening || opening.Question != question)
            return;
        if (!answer.Yes)
        {
            RefuseOpening(link, answer.Failure is null
                ? $"The device of channel {opening.Channel.Request.Relid} does not accept the open."
                : $"The device of channel {opening.Channel.Request.Relid} failed: {answer.Failure.Message}");
            return;
        }
        OpenedChannel opened = opening.Channel;
        link.Opening = null;
        _protocol.CompleteOpen(link.Id, ChannelMessageStatus.Success);
        Serve(link, opened, isRestored: false);
        if (_options.UnstickDelay > TimeSpan.Zero)
            opened.Unsticker = _options.Clock.CreateTimer(_ => _loop.Run(() => Unstick(link, opened)), null, _options.UnstickDelay, Timeout.InfiniteTimeSpan);
    }

    // Undoes an open that the device was asked about, if there is one, and says no to the guest.
    private void RefuseOpening(OfferLink link, string? reason)
    {
        if (!DropOpening(link))
            return;
        if (reason is not null)
            Refuse(reason);
        _protocol.CompleteOpen(link.Id, ChannelMessageStatus.Unsuccessful);
    }

    private static bool DropOpening(OfferLink link)
    {
        if (link.Opening is not { } opening)
            return false;
        link.Opening = null;
        opening.Question.Dispose();
        opening.Channel.Dispose();
        return true;
    }

    private void Serve(OfferLink link, OpenedChannel opened, bool isRestored)
    {
        link.Failure = null;
        link.Opened = opened;
        var context = new DeviceContext(link, opened.Channel, opened.Request, _partition.Memory, isRestored);
        opened.Service = _code.RunAsync(opened, () => link.Device.ServeAsync(context, opened.Closing));
        opened.Service.ContinueWith(
            ended => _loop.Run(() => OnServiceEnded(link, opened, ended.Result)),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static void Unstick(OfferLink link, OpenedChannel opened)
    {
        opened.Unsticker?.Dispose();
        if (link.Opened == opened && !opened.IsClosing)
            opened.Unstick();
    }

    private void OnServiceEnded(OfferLink link, OpenedChannel opened, Exception? failure)
    {
        if (opened.IsLost)
        {
            // That was told, and what it says without its channel is of no interest.
            _lostServices--;
            return;
        }
        bool wasClosing = opened.IsClosing;
        if (wasClosing && failure is not (null or OperationCanceledException or PeerDisconnectedException or ObjectDisposedException))
            Fail(link, DeviceOperation.Close, failure);
        if (wasClosing)
        {
            Leave(link, opened);
            return;
        }

        Fail(link, DeviceOperation.Serve, failure ?? new DeviceFaultException($"The service of channel {opened.Request.Relid} ended while the guest has it open."));
        // A guest that breaks its own rings has the device again when it starts again.
        if (opened.Channel.CorruptionError is not null || failure is RingCorruptException or PipeCorruptException)
            return;
        BeginRevoke(link);
    }

    private void Fail(OfferLink link, DeviceOperation operation, Exception failure)
    {
        link.Failure = failure;
        _failures.Report(operation, link.Handle, failure);
    }

    private void Close(OfferLink link)
    {
        // One that was being closed when it was saved has nothing open any more.
        if (link.Opened is { } opened)
            End(link, opened, () => _protocol.CompleteClose(link.Id));
        else
            _protocol.CompleteClose(link.Id);
    }

    // The device lets go first, then the guest is told: a rescinded channel's memory is the guest's again.
    private void BeginRevoke(OfferLink link)
    {
        if (link.IsRevoked)
            return;
        link.IsRevoked = true;
        if (_isSaving)
        {
            link.SetRevoked();
            return;
        }
        RefuseOpening(link, $"Channel {link.Relid} is revoked.");
        _leaving[link.Name] = link;
        if (_protocol.HasSubchannels(link.Id))
        {
            foreach (OfferLink subchannel in _links.Values.Where(other => other.IsSubchannelOf(link)).ToArray())
                BeginRevoke(subchannel);
        }
        if (link.Opened is { } opened)
            End(link, opened, () => Revoke(link));
        else
            Revoke(link);
    }

    // The guest hears of it: of a primary channel behind its subchannels.
    private void Revoke(OfferLink link)
    {
        link.AwaitsSubchannels = link.Offer.SubchannelIndex == 0 && _leaving.Values.Any(other => other.IsSubchannelOf(link));
        if (link.AwaitsSubchannels)
            return;
        _protocol.Revoke(link.Id);
        _leaving.Remove(link.Name);
        link.Gpadls.Clear();
        if (link.Relid is null)
            _links.Remove(link.Id);
        link.SetRevoked();
        if (_leaving.TryGetValue(link.PrimaryName, out OfferLink? primary) && primary.AwaitsSubchannels)
            Revoke(primary);
    }

    // Ends a service, and takes the channel away when it has ended: a close and a revoke may both want that.
    private void End(OfferLink link, OpenedChannel opened, Action then)
    {
        opened.Then.Add(then);
        BeginClose(link, opened);
        if (opened.Service.IsCompleted)
            Leave(link, opened);
    }

    private void BeginClose(OfferLink link, OpenedChannel opened) =>
        opened.BeginClose(() => _loop.Run(() => OnServiceLate(link, opened)), _options.DeviceCloseTimeout, _options.Clock);

    private void OnServiceLate(OfferLink link, OpenedChannel opened)
    {
        if (opened.Left.IsCompleted || opened.Service.IsCompleted)
            return;
        Fail(link, DeviceOperation.Close, new DeviceFaultException(
            $"The service of channel {opened.Request.Relid} did not end within {_options.DeviceCloseTimeout.TotalSeconds:0.###} s of its close, and lost the channel."));
        opened.IsLost = true;
        _lostServices++;
        Leave(link, opened);
    }

    // The channel is the service's no more: what waited for that goes on.
    private static void Leave(OfferLink link, OpenedChannel opened)
    {
        if (opened.Left.IsCompleted)
            return;
        if (link.Opened == opened)
            link.Opened = null;
        opened.Leave();
        foreach (Action then in opened.Then)
            then();
    }
}

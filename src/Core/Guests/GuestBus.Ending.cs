// How a connection ends: disposed, abandoned, or failed. (A saved one ends in GuestBus.Saved.cs.)

using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? _failure;
    private int _disposed;
    private bool _isEnding;                     // the loop's, as all below
    private bool _isAbandoned;
    private TaskCompletionSource? _noOpening;
    private readonly CancellationTokenSource _stopOpening = new();

    /// <summary>
    /// Ends when the connection has: disposed, abandoned or saved. Faulted when it failed; dispose it then as well.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Why the connection failed, if it did: the host broke the protocol beyond repair, an observer or the platform threw, or
    /// this library has a bug.
    /// </summary>
    public Exception? Failure => _failure;

    /// <summary>
    /// Closes every channel, unloads and takes the pages back. Requests under way end with <see cref="GuestBusException"/>.
    /// Waits up to the timeout for a host that does not answer; memory that such a host may still write to is not freed.
    /// </summary>
    public ValueTask DisposeAsync() => new(EndAsync());

    /// <summary>
    /// For a guest that is being reset: takes everything back without telling the host, which learns of the reset by other
    /// means. Ends a
    /// <see cref="DisposeAsync"/> that waits for the host, too.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for threads that are inside a channel; the end goes on.</param>
    public async Task AbandonAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _loop.RunAsync(() =>
        {
            if (_isSaved)
                return;
            _isAbandoned = true;
            _isEnding = true;
            BreakOff("The guest is being reset.");
        }).ConfigureAwait(false);
        await EndAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task EndAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _ = RunEndAsync();
        return _ended.Task;
    }

    private async Task RunEndAsync()
    {
        try
        {
            GuestChannel[] open = await _loop.RunAsync(BeginEnd).ConfigureAwait(false);
            await Task.WhenAll(open.Select(channel => channel.DisposeAsync().AsTask())).ConfigureAwait(false);
            await StopOpeningAsync().ConfigureAwait(false);
            bool isHostGone = await UnloadAsync().ConfigureAwait(false) || _isAbandoned;
            await _timer.DisposeAsync().ConfigureAwait(false);
            _messages?.Dispose();
            await _loop.RunAsync(() =>
            {
                EndLoans(isHostGone);
                EndPages(isHostGone);
            }).ConfigureAwait(false);
            await EndCommonAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            _ended.TrySetException(failure);
            _completion.TrySetException(failure);
        }
    }

    private GuestChannel[] BeginEnd()
    {
        _isEnding = true;
        // While it is paused, nothing that is said now would be posted or answered.
        if (_protocol.State == GuestConnectionState.Paused)
            _protocol.Resume();
        return [.. _open.Values];
    }

    /// <returns>Whether the host holds nothing of the guest's any more.</returns>
    private async Task<bool> UnloadAsync()
    {
        Task<RequestResult>? unloaded = await _loop.RunAsync(() =>
        {
            if (_protocol.State == GuestConnectionState.Disconnected)
                return null;
            Task<RequestResult> wait = Await(Awaited.Unload, 0);
            _protocol.Unload();
            return wait;
        }).ConfigureAwait(false);
        if (unloaded is not null)
            return (await unloaded.ConfigureAwait(false)).IsSuccess;

        // A contact that was refused gave the host nothing. One that was not answered may yet be taken.
        return _connected.Task is { IsCompletedSuccessfully: true, Result: GuestEvent.ConnectFailed { Reason: not (ConnectFailure.Timeout or ConnectFailure.Cancelled) } };
    }

    // Opens under way use the platform until they have cleaned up. A reserved channel that the host may yet open would outlive
    // the connection, so its close is waited for.
    private async Task StopOpeningAsync()
    {
        await _stopOpening.CancelAsync().ConfigureAwait(false);
        await (await _loop.RunAsync(() =>
        {
            _noOpening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_opening.Count == 0)
                _noOpening.SetResult();
            return _noOpening.Task;
        }).ConfigureAwait(false)).ConfigureAwait(false);
        await Task.WhenAll(await _loop.RunAsync(
            () => _awaited.Where(awaited => awaited.Key.What == Awaited.CloseReserved).Select(awaited => awaited.Value.Task).ToArray()).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private void EndOpening(uint relid)
    {
        _opening.Remove(relid);
        if (_opening.Count == 0)
            _noOpening?.TrySetResult();
    }

    // What every end of the connection has in common, when nothing comes any more.
    private async Task EndCommonAsync()
    {
        await _loop.RunAsync(() => EndWatches(null)).ConfigureAwait(false);
        _platform.ShareEvents(null);
        _serverMonitorPage?.Dispose();
        _ended.TrySetResult();
        _completion.TrySetResult();
    }

    private void EndPages(bool isHostGone)
    {
        Action<VmBus.Guests.IGuestPages> end = isHostGone ? pages => pages.Dispose() : pages => pages.Leave();
        end(_interruptPage);
        if (_monitorPages is { } monitorPages)
            end(monitorPages);
        if (_moving is { } moving)
            end(moving);
        _moving = null;
    }

    private void BreakOff(string reason)
    {
        _protocol.BreakOff();
        foreach (GuestChannel channel in _open.Values)
            channel.OnDisconnected(reason);
    }

    // On the loop. The host is not told: it may hold what it holds until the guest is reset.
    private void Fail(Exception failure)
    {
        if (_failure is not null)
            return;
        _failure = failure;
        if (_isSaved)
            return;
        VmBusEventSource.Log.BusFailed(ChannelIdentity.Guest, failure);
        try
        {
            BreakOff($"The connection has failed: {failure.Message}");
            while (_protocol.TryTakeEvent(out GuestEvent happened))
                On(happened);
        }
        catch (Exception second)
        {
            _failure = new AggregateException(failure, second);
        }

        // Whatever state the failure left the protocol in: all waits end.
        EndRequests(new RequestResult(RequestOutcome.Disconnected));
        _connected.TrySetResult(new GuestEvent.ConnectFailed(ConnectFailure.Cancelled));
        EndWatches(Failed());
        _completion.TrySetException(Failed());
        // Told by Failure, whether or not Completion is looked at.
        _ = _completion.Task.Exception;
    }

    private GuestBusException Failed() => new(
        $"The connection has failed: {_failure!.Message}", _failure is GuestBusException { Error: var error } ? error : GuestBusError.Disconnected, _failure);

    private void RefuseWhenEnded()
    {
        ObjectDisposedException.ThrowIf(_isEnding || _isSaved, this);
        if (_failure is not null)
            throw Failed();
    }

    private void RefuseWhenOver()
    {
        RefuseWhenEnded();
        if (_isSaving)
            throw new InvalidOperationException("The connection is being saved.");
    }
}

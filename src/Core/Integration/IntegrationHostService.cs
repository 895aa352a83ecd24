// A host's component on its channel: sends what is due, takes answers.

namespace VmBus.Integration;

/// <summary>Runs an <see cref="IntegrationHost"/> over a channel.</summary>
/// <typeparam name="THost">The component.</typeparam>
internal sealed class IntegrationHostService<THost> where THost : IntegrationHost
{
    // A guest that floods the host with answers must not keep the lock for good.
    private const int MostAnswersAtOnce = 64;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly VmBusChannel _channel;
    private readonly THost _host;
    private readonly TimeProvider _clock;
    private readonly IcReceiver _receiver;
    private readonly byte[] _request = new byte[8192];
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes it.</summary>
    /// <param name="channel">An open channel that is used for nothing else. It is not disposed.</param>
    /// <param name="host">The component; from now on only by <see cref="Use{TResult}"/>.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    public IntegrationHostService(VmBusChannel channel, THost host, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(host);
        _channel = channel;
        _host = host;
        _clock = clock ?? TimeProvider.System;
        _receiver = new IcReceiver(channel);
    }

    /// <summary>Does something with the component while the service does nothing with it, then sees what is due. Any thread.</summary>
    /// <param name="use">What to do, quickly: to ask, to look.</param>
    public TResult Use<TResult>(Func<THost, TResult> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        lock (_lock)
        {
            try
            {
                return use(_host);
            }
            finally
            {
                // It may have asked before it threw.
                _changed.TrySetResult();
            }
        }
    }

    /// <summary>Asks and answers until the guest is gone, the channel is closed or the token says so. To be called once.</summary>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The guest wrote something impossible into a ring.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<bool>? reading = null;
        Exception reason = new PeerDisconnectedException("The guest's component is gone.");
        try
        {
            while (true)
            {
                Task changed = await SendWhatIsDueAsync(end.Token).ConfigureAwait(false);
                reading ??= _channel.WaitToReadAsync(end.Token).AsTask();
                await WaitAsync(reading, changed, end.Token).ConfigureAwait(false);
                if (!reading.IsCompleted)
                    continue;
                bool isOpen = await reading.ConfigureAwait(false);
                reading = null;
                if (!isOpen)
                    return;     // the guest closed its channel, or the channel's owner did
                TakeAnswers();
            }
        }
        catch (Exception ended) when (ended is PeerDisconnectedException || (ended is ObjectDisposedException && _channel.State == ChannelState.Closed))
        {
            // The channel ended while something was sent rather than waited for.
        }
        catch (Exception error)
        {
            reason = error;
            throw;
        }
        finally
        {
            lock (_lock)
                _host.Close(reason);
            await end.CancelAsync().ConfigureAwait(false);
            if (reading is not null)
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends until nothing is due.</summary>
    /// <returns>Completes when the component was used from outside since.</returns>
    private async Task<Task> SendWhatIsDueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int length;
            lock (_lock)
            {
                if (_changed.Task.IsCompleted)
                    _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (!_host.TryWriteRequest(_request, out length))
                    return _changed.Task;
            }

            await _receiver.SendAsync(_request.AsMemory(0, length), 0, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(Task reading, Task changed, CancellationToken cancellationToken)
    {
        TimeSpan due;
        lock (_lock)
            due = _host.DueIn;
        if (due == TimeSpan.Zero)
            return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task time = Task.Delay(due == Timeout.InfiniteTimeSpan || due > LongestDelay ? LongestDelay : due, _clock, stop.Token);
        await Task.WhenAny(reading, changed, time).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await time.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void TakeAnswers()
    {
        lock (_lock)
        {
            for (int taken = 0; taken < MostAnswersAtOnce && _receiver.TryTake(out bool isSound); taken++)
            {
                if (isSound)
                    _host.Handle(_receiver.Packet);
                else
                    _host.CountDropped();
            }
        }
    }
}

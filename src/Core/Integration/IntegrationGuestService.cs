// A guest's component on its channel: reads a request, sends its answer, acts.

namespace VmBus.Integration;

/// <summary>Runs an <see cref="IntegrationGuest"/> over a channel.</summary>
/// <remarks>All that came by the time of a wakeup is answered before the next sleep.</remarks>
internal sealed class IntegrationGuestService
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly VmBusChannel _channel;
    private readonly TimeProvider _clock;
    private readonly IcReceiver _receiver;
    private readonly byte[] _answer = new byte[IcPacket.MaxLength];

    /// <summary>Makes it.</summary>
    /// <param name="channel">An open channel that is used for nothing else. It is not disposed.</param>
    /// <param name="guest">The component.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    public IntegrationGuestService(VmBusChannel channel, IntegrationGuest guest, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(guest);
        _channel = channel;
        _clock = clock ?? TimeProvider.System;
        _receiver = new IcReceiver(channel);
        Guest = guest;
    }

    /// <summary>The component. Read it from outside, but leave its calls to the service.</summary>
    public IntegrationGuest Guest { get; }

    /// <summary>Answers requests until the host is gone, the channel is closed or the token says so. To be called once.</summary>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote something impossible into a ring.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<bool>? reading = null;
        try
        {
            while (true)
            {
                reading ??= _channel.WaitToReadAsync(end.Token).AsTask();
                if (!reading.IsCompleted && Guest.DueIn is var due && due != Timeout.InfiniteTimeSpan)
                {
                    await DelayAsync(reading, due, cancellationToken).ConfigureAwait(false);
                    Guest.DoWhatIsDue();
                    if (!reading.IsCompleted)
                        continue;
                }

                bool isOpen = await reading.ConfigureAwait(false);
                reading = null;
                if (!isOpen)
                    return;     // the host took its channel back, or the channel's owner closed it
                while (TryAnswer(out int length))
                {
                    await _receiver.SendAsync(_answer.AsMemory(0, length), _receiver.TransactionId, cancellationToken).ConfigureAwait(false);
                    Guest.AnswerSent();
                }
            }
        }
        catch (Exception ended) when (ended is PeerDisconnectedException || (ended is ObjectDisposedException && _channel.State == ChannelState.Closed))
        {
            // The channel ended while a request was handled or its answer sent.
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            if (reading is not null)
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Guest.Close();
        }
    }

    /// <summary>
    /// <see cref="RunAsync"/> on the calling thread, for channels whose waits take a thread in any case, as on a UIO device: a
    /// wake-up then goes straight to the thread that answers. To be called once.
    /// </summary>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote something impossible into a ring.</exception>
    public void Run(CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                WaitOutcome outcome = _channel.WaitForPackets(Guest.DueIn, cancellationToken);
                if (outcome == WaitOutcome.Ended)
                    return;
                if (outcome == WaitOutcome.TimedOut)
                    Guest.DoWhatIsDue();
                while (TryAnswer(out int length))
                {
                    _receiver.Send(_answer.AsSpan(0, length), _receiver.TransactionId, cancellationToken);
                    Guest.AnswerSent();
                }
            }
        }
        catch (Exception ended) when (ended is PeerDisconnectedException || (ended is ObjectDisposedException && _channel.State == ChannelState.Closed))
        {
            // The channel ended while a request was handled or its answer sent.
        }
        finally
        {
            Guest.Close();
        }
    }

    private async Task DelayAsync(Task reading, TimeSpan due, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task time = Task.Delay(due > LongestDelay ? LongestDelay : due, _clock, stop.Token);
        await Task.WhenAny(reading, time).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await time.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Takes requests until one has an answer.
    private bool TryAnswer(out int length)
    {
        length = 0;
        while (length == 0 && _channel.State != ChannelState.Closed && _receiver.TryTake(out bool isSound))
        {
            if (isSound)
                length = Guest.Handle(_receiver.Packet, _answer);
            else
                Guest.CountDropped();
        }

        return length > 0;
    }
}

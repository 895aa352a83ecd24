// Waiting for packets and for room. A wait says whether there is more: an end is no exception, a fault is one.

namespace VmBus;

partial class VmBusChannel
{
    /// <summary>
    /// Waits until there is something to read. While this side reads, the other side's signals are masked; they are
    /// unmasked here, with a second look at the ring, before sleeping.
    /// </summary>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>, also when packets wait.</param>
    /// <returns>
    /// <see langword="true"/> when a packet waits; <see langword="false"/> when the time was up, or when the channel has ended:
    /// <see cref="State"/> is then no longer <see cref="ChannelState.Open"/>, and all that the other side had committed was read.
    /// </returns>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public bool WaitToRead(TimeSpan timeout, CancellationToken cancellationToken = default)
        => WaitForPackets(timeout, cancellationToken) == WaitOutcome.Ready;

    /// <summary>Waits until there is something to read: <see cref="WaitToRead"/> without a thread.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>, also when packets wait.</param>
    /// <returns>
    /// <see langword="true"/> when a packet waits; <see langword="false"/> when the channel has ended and all that the other side
    /// had committed was read.
    /// </returns>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        return WaitToReadCoreAsync(null, cancellationToken);
    }

    /// <summary>Waits until there is room for an in-band packet.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>, also when there is room.</param>
    /// <returns>
    /// <see langword="true"/> when there is room; <see langword="false"/> when the time was up, or when the channel has ended:
    /// <see cref="State"/> is then no longer <see cref="ChannelState.Open"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public bool WaitToWrite(int payloadLength, TimeSpan timeout, CancellationToken cancellationToken = default)
        => WaitForRoom(payloadLength, timeout, cancellationToken) == WaitOutcome.Ready;

    /// <summary>Waits until there is room for an in-band packet: <see cref="WaitToWrite"/> without a thread.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns><see langword="true"/> when there is room; <see langword="false"/> when the channel has ended.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public ValueTask<bool> WaitToWriteAsync(int payloadLength, CancellationToken cancellationToken = default)
        => WaitForRoomAsync(payloadLength, cancellationToken);

    /// <summary>
    /// Waits until the other side has read all that was sent: until the outgoing ring is empty. Whether it has acted on it, only
    /// an answer tells.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns><see langword="true"/> when all was read; <see langword="false"/> when the channel ended with packets unread.</returns>
    /// <remarks>
    /// Any thread may wait, also while another one sends: packets sent during the wait are waited for too, those of a batch that
    /// is not committed are not. The other side signals once, when the ring becomes empty; a send that waits for room meanwhile
    /// may be woken only then.
    /// </remarks>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public ValueTask<bool> FlushAsync(CancellationToken cancellationToken = default) => WaitForRoomAsync(null, cancellationToken);

    /// <param name="payloadLength">The payload to make room for; <see langword="null"/> for an empty ring.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async ValueTask<bool> WaitForRoomAsync(int? payloadLength, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        bool waiting = false;
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                long ticket = _waits.Ticket;
                if (HasEnded)
                    return false;
                if (payloadLength is { } length ? _outgoing.AwaitRoom(length, ref waiting) : _outgoing.AwaitEmpty(ref waiting))
                    return true;
                await WaitAsync(ticket, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ObjectDisposedException) when (IsDisposed)
        {
            return false;
        }
        finally
        {
            _outgoing.StopAwaitingRoom(ref waiting);
        }
    }

    /// <summary><see cref="WaitToRead"/>, with the two kinds of nothing told apart.</summary>
    internal WaitOutcome WaitForPackets(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        long start = _clock.GetTimestamp();
        try
        {
            while (true)
            {
                long ticket = _waits.Ticket;
                // The end before the ring: what was committed before the end is seen by the look after it, and read first.
                bool hasEnded = HasEnded;
                if (HasPacketsOrUnmasked(_incoming))
                    return WaitOutcome.Ready;
                if (hasEnded)
                    return WaitOutcome.Ended;
                if (!Wait(ticket, Remaining(timeout, start), cancellationToken) && !_incoming.HasPackets)
                    return WaitOutcome.TimedOut;
            }
        }
        catch (ObjectDisposedException) when (IsDisposed)
        {
            return WaitOutcome.Ended;
        }
    }

    /// <summary><see cref="WaitToWrite"/>, with the two kinds of nothing told apart.</summary>
    internal WaitOutcome WaitForRoom(int payloadLength, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        long start = _clock.GetTimestamp();
        bool waiting = false;
        try
        {
            while (true)
            {
                long ticket = _waits.Ticket;
                if (HasEnded)
                    return WaitOutcome.Ended;
                if (_outgoing.AwaitRoom(payloadLength, ref waiting))
                    return WaitOutcome.Ready;
                if (!Wait(ticket, Remaining(timeout, start), cancellationToken))
                    return HasEnded ? WaitOutcome.Ended : _outgoing.AwaitRoom(payloadLength, ref waiting) ? WaitOutcome.Ready : WaitOutcome.TimedOut;
            }
        }
        catch (ObjectDisposedException) when (IsDisposed)
        {
            return WaitOutcome.Ended;
        }
        finally
        {
            _outgoing.StopAwaitingRoom(ref waiting);
        }
    }

    /// <param name="ring">The ring to look at; <see langword="null"/> for the one that is read by batch.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async ValueTask<bool> WaitToReadCoreAsync(IncomingRing? ring, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                long ticket = _waits.Ticket;
                // As in WaitForPackets: the end before the ring.
                bool hasEnded = HasEnded;
                if (HasPacketsOrUnmasked(ring ?? _incoming))
                    return true;
                if (hasEnded)
                    return false;
                await WaitAsync(ticket, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ObjectDisposedException) when (IsDisposed)
        {
            return false;
        }
    }

    /// <summary>Whether there is something to read by batch. Does not wait, and leaves the interrupt masked or not.</summary>
    internal bool HasPackets => _incoming.HasPackets;

    /// <summary>
    /// Whether this end has read everything, asks for signals and waits for one: the next packet needs a signal. The ring is looked
    /// at first, since a reader that has just emptied it does not wait yet.
    /// </summary>
    internal bool IsIdle => !_ring.HasPackets && !_ring.IsInterruptMasked && _waits.IsAwaited;

    /// <summary>Asks the other side for no signals until the next wait.</summary>
    internal void MaskIncoming() => _incoming.MaskInterrupt();

    private static bool HasPacketsOrUnmasked(IncomingRing ring)
    {
        if (!ring.HasPackets && !ring.UnmaskInterrupt())
            return false;
        ring.MaskInterrupt();
        return true;
    }

    private bool HasEnded => Volatile.Read(ref _disconnected) is not null || IsDisposed;

    /// <returns><see langword="false"/> when the time was up.</returns>
    private bool Wait(long ticket, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return _waits.Wait(ticket, timeout, cancellationToken);
        }
        catch (PeerDisconnectedException gone)
        {
            OnDisconnected(gone);
            return true;
        }
    }

    private async ValueTask WaitAsync(long ticket, CancellationToken cancellationToken)
    {
        try
        {
            await _waits.WaitAsync(ticket, cancellationToken).ConfigureAwait(false);
        }
        catch (PeerDisconnectedException gone)
        {
            OnDisconnected(gone);
        }
    }

    private TimeSpan Remaining(TimeSpan timeout, long start)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return timeout;
        TimeSpan left = timeout - _clock.GetElapsedTime(start);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}

// A channel has one signal for two things: packets came, room came. When a reader and writers wait at the same time, one
// of them waits for the signal and wakes the others.

namespace VmBus;

/// <summary>Shares one <see cref="ISignalWait"/> between all who wait on a channel.</summary>
/// <remarks>
/// Every return only means "look again". Who waits takes a <see cref="Ticket"/>, looks at its ring, then waits with the
/// ticket: a signal that another took in between ends the wait at once. Without the ticket that signal would be lost,
/// since the thread that took it cannot know of one that has looked and does not wait yet.
/// </remarks>
internal sealed class SignalFanout(ISignalWait wait)
{
    private readonly Lock _lock = new();
    private readonly List<SemaphoreSlim> _followers = [];
    private readonly Stack<SemaphoreSlim> _spare = [];
    private bool _led;
    private long _signals;

    /// <summary>Signals that ended a wait: what Linux counts as a channel's interrupts.</summary>
    public long Signals => Volatile.Read(ref _signals);

    /// <summary>What to take before looking at the ring, and to wait with after.</summary>
    public long Ticket => Volatile.Read(ref _signals);

    /// <summary>Whether a caller waits for the signal.</summary>
    public bool IsAwaited
    {
        get
        {
            lock (_lock)
                return _led;
        }
    }

    public bool Wait(long ticket, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!TryJoin(ticket, out SemaphoreSlim? follower))
            return true;

        bool signalled = false;
        try
        {
            return signalled = follower is null ? wait.Wait(timeout, cancellationToken) : follower.Wait(timeout, cancellationToken);
        }
        finally
        {
            Leave(follower, signalled);
        }
    }

    public async ValueTask WaitAsync(long ticket, CancellationToken cancellationToken)
    {
        if (!TryJoin(ticket, out SemaphoreSlim? follower))
            return;

        bool signalled = false;
        try
        {
            if (follower is null)
                await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
            else
                await follower.WaitAsync(cancellationToken).ConfigureAwait(false);
            signalled = true;
        }
        finally
        {
            Leave(follower, signalled);
        }
    }

    /// <summary>
    /// Ends all waits, now and later: the one on the signal throws <see cref="PeerDisconnectedException"/>, and wakes the
    /// others to look again.
    /// </summary>
    public void Close(string reason) => wait.Close(reason);

    /// <summary>Says whether to wait at all, and on what: as a follower, or for the signal itself.</summary>
    private bool TryJoin(long ticket, out SemaphoreSlim? follower)
    {
        lock (_lock)
        {
            follower = null;
            FanoutSeat seat = FanoutRules.Join(new State(this), ticket);
            if (seat != FanoutSeat.Follow)
                return seat == FanoutSeat.Lead;

            follower = _spare.TryPop(out SemaphoreSlim? spare) ? spare : new SemaphoreSlim(0);
            _followers.Add(follower);
            return true;
        }
    }

    private void Leave(SemaphoreSlim? follower, bool signalled)
    {
        lock (_lock)
        {
            if (follower is not null)
            {
                // Woken and out of time at once: the wake-up must not be there for the next who gets this semaphore.
                if (!_followers.Remove(follower) && !signalled)
                    follower.Wait(0);
                _spare.Push(follower);
                return;
            }

            FanoutRules.StopLeading(new State(this), signalled);
        }
    }

    private readonly struct State(SignalFanout fanout) : IFanoutState
    {
        public long LoadSignals() => fanout._signals;

        public void StoreSignals(long value) => Volatile.Write(ref fanout._signals, value);

        public bool LoadLed() => fanout._led;

        public void StoreLed(bool value) => fanout._led = value;

        public void WakeFollowers()
        {
            foreach (SemaphoreSlim waiting in fanout._followers)
                waiting.Release();
            fanout._followers.Clear();
        }
    }
}

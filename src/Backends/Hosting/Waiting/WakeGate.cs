// What a thread waits on until it is signalled, in one process: a word that remembers a signal, spun on for a
// while, then slept on (futex(2) on Linux, a monitor elsewhere).

using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace VmBus.Hosting;

/// <summary>
/// A remembered signal with one waiter: <see cref="Set"/> may be called from any thread and folds several signals into
/// one; <see cref="Wait"/> and <see cref="WaitAsync"/> belong to one waiter at a time.
/// </summary>
/// <remarks>
/// <see cref="Set"/> is one exchange while no thread sleeps, allocates nothing and is a full barrier: what was written
/// before it is seen by the waiter that it wakes.
/// </remarks>
internal sealed class WakeGate : ISignalGate, ISpinTarget, IValueTaskSource
{
    private const int Idle = 0;
    private const int Signalled = 1;
    private const int Sleeping = 2;
    private const int Awaited = 3;

    private readonly GateWord _word = new();
    private readonly SpinBeforeSleep _spin;
    private readonly ModelledCost _wakeCost;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _asyncCancellation;
    private CancellationToken _asyncToken;
    private volatile string? _closed;
    private WakeGateStatistics _statistics;

    /// <summary>Makes a gate that is not set.</summary>
    /// <param name="spinBudget">How long a blocking wait spins at most before it sleeps; zero not to spin.</param>
    /// <param name="wakeCost">The modelled cost of waking; see <see cref="InMemory.HypervisorOptions.WakeCost"/>.</param>
    /// <param name="spendCost">How that cost is spent; see <see cref="InMemory.HypervisorOptions.SpendCost"/>.</param>
    /// <param name="inlineContinuations">
    /// Whether <see cref="Set"/> runs an awaiting continuation itself instead of handing it to the thread pool:
    /// deterministic, and at the price of the signaller's time and stack.
    /// </param>
    /// <param name="adaptiveSpin">
    /// Whether waits spin less while signals come too late for it (<see cref="AdaptiveSpin"/>); otherwise each spins for
    /// the whole budget.
    /// </param>
    public WakeGate(
        TimeSpan spinBudget = default, TimeSpan wakeCost = default, Action<TimeSpan>? spendCost = null, bool inlineContinuations = false, bool adaptiveSpin = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wakeCost, TimeSpan.Zero);
        _spin = new SpinBeforeSleep(spinBudget, adaptiveSpin);
        _wakeCost = wakeCost > TimeSpan.Zero ? new ModelledCost(wakeCost, spendCost) : ModelledCost.None;
        _source.RunContinuationsAsynchronously = !inlineContinuations;
    }

    /// <summary>Whether a signal is remembered now.</summary>
    public bool IsSet => Volatile.Read(ref _word.Value) == Signalled;

    /// <summary>What the waiter has seen so far. Exact for the waiter; a moment old for other threads.</summary>
    public WakeGateStatistics Statistics => _statistics with { SpinMisses = _spin.Misses, SpinTime = _spin.Spun, SpinBudget = _spin.Budget };

    /// <summary>Signals the waiter, or remembers the signal until a thread waits.</summary>
    public void Set()
    {
        int before = Interlocked.Exchange(ref _word.Value, Signalled);
        if (before >= Sleeping)
            WakeWaiter(before);
    }

    /// <summary>Takes the remembered signal, if there is one. Never blocks.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryConsume()
    {
        if (Volatile.Read(ref _word.Value) != Signalled || !Take())
            return false;
        _statistics.Immediate++;
        return true;
    }

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "A timeout must be infinite, or not negative.");
        cancellationToken.ThrowIfCancellationRequested();
        return TryConsume() || WaitForSet(timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (TryConsume())
            return ValueTask.CompletedTask;
        ThrowIfClosed();
        _source.Reset();
        _asyncToken = cancellationToken;
        _asyncCancellation = default;
        int before = Interlocked.CompareExchange(ref _word.Value, Awaited, Idle);
        if (before == Signalled)
        {
            TryConsume();
            return ValueTask.CompletedTask;
        }
        if (before != Idle)
            ThrowSecondWaiter();
        _statistics.Sleeps++;
        // Only now: a token cancelled in between runs the callback here and now, and finds the word Awaited.
        if (cancellationToken.CanBeCanceled)
            _asyncCancellation = cancellationToken.UnsafeRegister(static gate => ((WakeGate)gate!).EndAwait(), this);
        // Close may have come between the check above and the exchange; it looked at the word before we wrote it.
        if (_closed is not null)
            EndAwait();
        return new ValueTask(this, _source.Version);
    }

    /// <summary>
    /// Ends every wait, now and later, with <see cref="PeerDisconnectedException"/>: no signal can come any more. A
    /// signal that is remembered is still taken first.
    /// </summary>
    /// <param name="reason">Which peer, and how its end was noticed.</param>
    public void Close(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        _closed = reason;
        Interlocked.MemoryBarrier();
        Kick();
        EndAwait();
    }

    void IDisposable.Dispose() => Close("The gate was disposed.");

    private bool WaitForSet(TimeSpan timeout, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        long start = Stopwatch.GetTimestamp();
        bool woken;
        if (_spin.TryTake(this, start, timeout, cancellationToken))
        {
            woken = true;
            _statistics.SpinWakeups++;
        }
        else
        {
            woken = Sleep(start, timeout, cancellationToken);
            _spin.Slept(start, woken);
            if (woken)
                _statistics.SleepWakeups++;
            else
                _statistics.Timeouts++;
        }
        if (woken)
            _wakeCost.Pay();
        return woken;
    }

    private bool Sleep(long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static gate => ((WakeGate)gate!).Kick(), this)
            : default;
        while (true)
        {
            int before = Interlocked.CompareExchange(ref _word.Value, Sleeping, Idle);
            if (before == Signalled && Take())
                return true;
            if (before == Awaited)
                ThrowSecondWaiter();
            // The word says Sleeping before these are read, and Kick reads the word after they are written.
            TimeSpan remaining = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            bool timeUp = timeout != Timeout.InfiniteTimeSpan && remaining <= TimeSpan.Zero;
            if (timeUp || _closed is not null || cancellationToken.IsCancellationRequested)
            {
                if (Interlocked.CompareExchange(ref _word.Value, Idle, Sleeping) == Signalled && Take())
                    return true;
                ThrowIfClosed();
                cancellationToken.ThrowIfCancellationRequested();
                return false;
            }
            _statistics.Sleeps++;
            _word.WaitWhile(Sleeping, remaining);
        }
    }

    // The waiter is the only one that takes, so what it has seen set stays set until it takes it.
    private bool Take() => Interlocked.Exchange(ref _word.Value, Idle) == Signalled;

    private void WakeWaiter(int before)
    {
        if (before == Sleeping)
            _word.Wake();
        else
            _source.SetResult(true);
    }

    // Makes a sleeper look again, without a signal.
    private void Kick()
    {
        if (Interlocked.CompareExchange(ref _word.Value, Idle, Sleeping) == Sleeping)
            _word.Wake();
    }

    private void EndAwait()
    {
        if (Interlocked.CompareExchange(ref _word.Value, Idle, Awaited) == Awaited)
        {
            _source.SetException(_closed is { } reason
                ? new PeerDisconnectedException(reason)
                : new OperationCanceledException(_asyncToken));
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed is { } reason)
            throw new PeerDisconnectedException(reason);
    }

    private static void ThrowSecondWaiter() => throw new InvalidOperationException("Another thread already waits on this gate, which supports one waiter at a time.");

    bool ISpinTarget.IsClosed => _closed is not null;

    bool ISpinTarget.TryTake() => Volatile.Read(ref _word.Value) == Signalled && Take();

    void IValueTaskSource.GetResult(short token)
    {
        // Waits for a callback that is running, so that it cannot end the next wait instead of this one.
        _asyncCancellation.Dispose();
        _source.GetResult(token);
        Take();
        _statistics.SleepWakeups++;
        _wakeCost.Pay();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}

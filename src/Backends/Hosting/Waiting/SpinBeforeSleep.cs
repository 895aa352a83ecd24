// The spin before a sleep, for every wait of this library: how long is AdaptiveSpin's affair or a fixed budget's.

namespace VmBus.Hosting;

/// <summary>Spins for a bounded time, and learns from how long the waits last. One waiter at a time.</summary>
internal sealed class SpinBeforeSleep
{
    // Long enough between two yields that the pause costs more than the yield, short enough that a peer on the same
    // core gets to run within microseconds.
    private const int PausesBetweenYields = 20;

    private readonly AdaptiveSpin? _policy;
    private readonly TimeProvider _clock;
    private readonly long _ceiling;
    private long _misses;
    private long _spun;

    /// <param name="budget">The longest that one wait spins; zero not to spin.</param>
    /// <param name="adaptive">Whether waits that last longer make it spin less; otherwise each spins for the whole budget.</param>
    /// <param name="clock">Its timestamps; <see langword="null"/> for the system's, which are those of <c>Stopwatch</c>.</param>
    public SpinBeforeSleep(TimeSpan budget, bool adaptive, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budget, TimeSpan.Zero);
        _clock = clock ?? TimeProvider.System;
        _ceiling = Timestamps(budget);
        _policy = adaptive && _ceiling > 0 ? new AdaptiveSpin(_ceiling) : null;
    }

    /// <summary>How long the next wait spins, unless it is given the ceiling to look.</summary>
    public TimeSpan Budget => _clock.GetElapsedTime(0, _policy?.Budget ?? _ceiling);

    /// <summary>Waits that spun without success.</summary>
    public long Misses => Volatile.Read(ref _misses);

    /// <summary>How long all waits together have spun.</summary>
    public TimeSpan Spun => _clock.GetElapsedTime(0, Volatile.Read(ref _spun));

    /// <summary>Spins until there is a signal to take, or as long as this wait should.</summary>
    /// <param name="target">What takes the signal.</param>
    /// <param name="start">When the wait began: a timestamp of the clock.</param>
    /// <param name="timeout">The longest it may last.</param>
    /// <param name="cancellationToken">Ends the spin early, without an exception.</param>
    /// <returns>Whether a signal was taken.</returns>
    public bool TryTake(ISpinTarget target, long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long budget = _policy?.Begin() ?? _ceiling;
        if (timeout != Timeout.InfiniteTimeSpan)
            budget = Math.Min(budget, Timestamps(timeout));
        if (budget == 0)
            return false;
        while (true)
        {
            bool taken = target.TryTake();
            long spun = _clock.GetTimestamp() - start;
            if (taken || spun >= budget || target.IsClosed || cancellationToken.IsCancellationRequested)
            {
                _spun += spun;
                if (taken)
                    _policy?.Signalled(spun);
                else
                    _misses++;
                return taken;
            }

            Thread.SpinWait(PausesBetweenYields);
            // A signaller that shares this core cannot signal until it runs.
            Thread.Yield();
        }
    }

    /// <summary>A wait that spun without success has slept.</summary>
    /// <param name="start">When the wait began.</param>
    /// <param name="signalled">Whether a signal ended it.</param>
    public void Slept(long start, bool signalled)
    {
        if (_policy is null)
            return;
        long length = _clock.GetTimestamp() - start;
        if (signalled)
            _policy.Signalled(length);
        else
            _policy.Ended(length);
    }

    private long Timestamps(TimeSpan time) => (long)Math.Min(time.TotalSeconds * _clock.TimestampFrequency, AdaptiveSpin.MaxCeiling);
}

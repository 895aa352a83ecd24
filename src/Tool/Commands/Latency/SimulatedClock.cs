// A clock that stands still until it is told to go on: time passes from event to event, in nanoseconds, and the same
// events come in the same order every time. For vmbus latency --simulate.

namespace VmBus.Tool;

/// <summary>A <see cref="TimeProvider"/> of discrete events. Single-threaded: callbacks run inside <see cref="RunNext"/>.</summary>
/// <remarks>Events due at the same moment run in the order in which they were scheduled.</remarks>
internal sealed class SimulatedClock : TimeProvider
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private static readonly DateTimeOffset Start = new(2016, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Event, (long Due, long Order)> _events = new();
    private long _order;

    /// <summary>Nanoseconds since the clock was made.</summary>
    public long Now { get; private set; }

    /// <inheritdoc/>
    public override long TimestampFrequency => NanosecondsPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long GetTimestamp() => Now;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Start.AddTicks(Now / TimeSpan.NanosecondsPerTick);

    /// <summary>Lets something happen later.</summary>
    /// <param name="nanoseconds">How much later, not negative.</param>
    /// <param name="happens">What happens, with the clock at that moment.</param>
    public void Schedule(long nanoseconds, Action happens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nanoseconds);
        ArgumentNullException.ThrowIfNull(happens);
        Enqueue(nanoseconds, new Event(null, 0, happens));
    }

    /// <summary>Spends time in the middle of an event, as work does. What falls due meanwhile runs afterwards, late.</summary>
    /// <param name="nanoseconds">How much, not negative.</param>
    public void Spend(long nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nanoseconds);
        Now += nanoseconds;
    }

    /// <summary>Goes to the next event and runs it.</summary>
    /// <param name="until">The latest moment to go to, in nanoseconds since the clock was made.</param>
    /// <returns>Whether there was an event by then; otherwise the clock stands at <paramref name="until"/>.</returns>
    public bool RunNext(long until = long.MaxValue)
    {
        while (_events.TryPeek(out Event? next, out (long Due, long Order) when) && when.Due <= until)
        {
            _events.Dequeue();
            if (next.Timer is { } timer && timer.Generation != next.Generation)
                continue;
            Now = Math.Max(Now, when.Due);
            next.Happens();
            return true;
        }

        if (until != long.MaxValue)
            Now = Math.Max(Now, until);
        return false;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        SimulatedTimer timer = new(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    private void Enqueue(long nanoseconds, Event happening) => _events.Enqueue(happening, (Now + nanoseconds, _order++));

    // An event of a timer that was changed since is dropped when its time comes.
    private sealed record Event(SimulatedTimer? Timer, int Generation, Action Happens);

    private sealed class SimulatedTimer(SimulatedClock clock, Action callback) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        public int Generation { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
                return false;
            Generation++;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                clock.Enqueue(Nanoseconds(dueTime), new Event(this, Generation, Fire));
            return true;
        }

        public void Dispose()
        {
            _disposed = true;
            Generation++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            if (_period > TimeSpan.Zero)
                clock.Enqueue(Nanoseconds(_period), new Event(this, Generation, Fire));
            callback();
        }
    }
}

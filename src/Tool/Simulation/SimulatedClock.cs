// A clock that moves from one event to the next: no time passes but what the simulation says.

namespace VmBus.Tool.Simulation;

/// <summary>
/// Discrete events in order of their time, and of their making where times are equal. Everything runs on the thread
/// that calls <see cref="RunUntil"/>, so the same simulation takes the same course every time.
/// </summary>
/// <remarks>One tick is 1 ns, so that costs of a few nanoseconds can be told apart.</remarks>
internal sealed class SimulatedClock : TimeProvider
{
    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private long _now;
    private long _order;

    /// <summary>Nanoseconds since the simulation began.</summary>
    public long Now => _now;

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => _now;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_now / 100);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimulatedTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs an action when the clock has come so far.</summary>
    /// <param name="at">Nanoseconds since the beginning; a time past runs next.</param>
    /// <param name="action">The action.</param>
    public void Schedule(long at, Action action) => _events.Enqueue(action, (Math.Max(at, _now), _order++));

    /// <summary>Completes when so much time has passed. The code that awaits it goes on inside <see cref="RunUntil"/>.</summary>
    /// <param name="nanoseconds">How long.</param>
    /// <returns>A task without asynchronous continuations.</returns>
    public Task Delay(long nanoseconds)
    {
        if (nanoseconds <= 0)
            return Task.CompletedTask;
        TaskCompletionSource done = new();
        Schedule(_now + nanoseconds, done.SetResult);
        return done.Task;
    }

    /// <summary>Runs events until a task is done.</summary>
    /// <param name="task">The task.</param>
    /// <param name="cancellationToken">Ends the simulation.</param>
    /// <exception cref="InvalidOperationException">No event is left and the task is not done: the simulation hangs.</exception>
    public void RunUntil(Task task, CancellationToken cancellationToken)
    {
        while (!task.IsCompleted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_events.TryDequeue(out Action? action, out (long At, long Order) when))
                throw new InvalidOperationException($"Nothing is left to happen at {_now} ns, and the simulation is not over.");
            _now = when.At;
            action();
        }

        task.GetAwaiter().GetResult();
    }

    /// <summary>A timer of this clock. A change outdates events already scheduled.</summary>
    private sealed class SimulatedTimer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
    {
        private long _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            long generation = ++_generation;
            if (dueTime != Timeout.InfiniteTimeSpan)
                Arm(generation, clock._now + dueTime.Ticks * 100, period);
            return true;
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(long generation, long at, TimeSpan period) => clock.Schedule(at, () =>
        {
            if (generation != _generation)
                return;
            if (period > TimeSpan.Zero)
                Arm(generation, at + period.Ticks * 100, period);
            callback(state);
        });
    }
}

// Sleeping and waking on a simulated clock.

namespace VmBus.Tool;

/// <summary>
/// A remembered signal with one waiter, which goes on by an event of the clock, the modelled cost of waking later.
/// </summary>
internal sealed class SimulatedWait(SimulatedClock clock, long wakeNanoseconds) : ISignalWait
{
    private TaskCompletionSource? _sleeper;
    private bool _signalled;
    private string? _closed;

    /// <summary>Signals the waiter, or the next one.</summary>
    public void Set()
    {
        if (_sleeper is not { } sleeper)
        {
            _signalled = true;
            return;
        }

        _sleeper = null;
        clock.Schedule(wakeNanoseconds, sleeper.SetResult);
    }

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
        => throw new NotSupportedException("A simulation has one thread: no other could end a wait that blocks it.");

    /// <inheritdoc/>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        if (_signalled)
        {
            _signalled = false;
            return ValueTask.CompletedTask;
        }

        if (_closed is { } reason)
            return ValueTask.FromException(new PeerDisconnectedException(reason));

        _sleeper = new TaskCompletionSource();
        return new ValueTask(_sleeper.Task);
    }

    /// <inheritdoc/>
    public void Close(string reason)
    {
        _closed = reason;
        Interlocked.Exchange(ref _sleeper, null)?.SetException(new PeerDisconnectedException(reason));
    }
}

// The one place where a bus's protocol is touched: work is done in the order it came, by whoever brings the first, while
// others bring theirs and go. No lock is held over it, so hypercalls made from within may call back.

using System.Collections.Concurrent;

namespace VmBus.Protocol;

/// <summary>
/// Runs pieces of work one after the other, on the threads that bring them. Work brought from within is done before the
/// outermost call returns.
/// </summary>
internal sealed class BusLoop
{
    private readonly ConcurrentQueue<Action> _work = new();
    private readonly Action _afterEach;
    private readonly Action<Exception> _failed;
    private int _pending;

    /// <summary>Makes a loop without work.</summary>
    /// <param name="afterEach">Done after each piece of work.</param>
    /// <param name="failed">Told of an exception that a piece of work let out; the next goes on.</param>
    public BusLoop(Action afterEach, Action<Exception> failed)
    {
        _afterEach = afterEach;
        _failed = failed;
    }

    /// <summary>Has a piece of work done, now or by the thread that is at it.</summary>
    public void Run(Action work)
    {
        _work.Enqueue(work);
        if (Interlocked.Increment(ref _pending) != 1)
            return;
        do
        {
            _work.TryDequeue(out Action? next);
            try
            {
                next!();
                _afterEach();
            }
            catch (Exception failure)
            {
                _failed(failure);
            }
        }
        while (Interlocked.Decrement(ref _pending) != 0);
    }

    /// <summary>Has a piece of work done and waits for its end.</summary>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Has a piece of work done and waits for its result.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });
        return done.Task;
    }
}

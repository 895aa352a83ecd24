// The one place where a bus's protocol is touched: work is done in the order it came, by the thread that brings the first,
// while others bring theirs and go. No lock is held over it, so hypercalls made from within may call back.

using System.Collections.Concurrent;

namespace VmBus.Protocol;

/// <summary>
/// Runs pieces of work one after the other, on the threads that bring them. Work brought from within is done before the
/// outermost call returns.
/// </summary>
/// <remarks>
/// An unexpected exception ends the loop: what it broke off half-way may be anything. From then on no work is done,
/// and all that was waited for or is asked later ends with <see cref="BusFaultException"/>.
/// </remarks>
internal sealed class BusLoop
{
    private readonly ConcurrentQueue<Work> _work = new();
    private readonly Action _afterEach;
    private readonly Action<BusFaultException> _faulted;
    private volatile BusFaultException? _fault;
    private int _pending;

    /// <summary>Makes a loop without work.</summary>
    /// <param name="afterEach">Done after each piece of work.</param>
    /// <param name="faulted">
    /// Called once, on the loop, when a piece of work or what follows it let an exception out, which is the inner one. Ends
    /// what the bus's users wait for other than by <see cref="RunAsync(Action)"/>.
    /// </param>
    public BusLoop(Action afterEach, Action<BusFaultException> faulted)
    {
        _afterEach = afterEach;
        _faulted = faulted;
    }

    /// <summary>What ended the loop, if anything did.</summary>
    public BusFaultException? Fault => _fault;

    /// <summary>Has a piece of work done, now or by the thread that is at it. Never throws; does nothing after a fault.</summary>
    public void Run(Action work) => Run(new Work(work, null, null));

    /// <summary>Has a piece of work done and waits for its end, and for that of what follows from it.</summary>
    /// <exception cref="BusFaultException">The loop has ended, before or by this.</exception>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Has a piece of work done and waits for its result, and for the end of what follows from it.</summary>
    /// <exception cref="BusFaultException">The loop has ended, before or by this.</exception>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        T result = default!;
        Exception? refused = null;
        Run(new Work(
            () =>
            {
                try
                {
                    result = work();
                }
                catch (Exception refusal) when (IsForTheCaller(refusal))
                {
                    refused = refusal;
                }
            },
            () => _ = refused is null ? done.TrySetResult(result) : done.TrySetException(refused),
            fault => done.TrySetException(fault)));
        return done.Task;
    }

    // How a call is refused that cannot be done now, or cannot be meant. Anything else is a mistake of this library.
    private static bool IsForTheCaller(Exception refusal) =>
        refusal is ArgumentException or InvalidOperationException or InsufficientMemoryException or OperationCanceledException or VmBusException;

    private void Run(Work work)
    {
        _work.Enqueue(work);
        if (Interlocked.Increment(ref _pending) != 1)
            return;
        do
        {
            _work.TryDequeue(out Work next);
            if (_fault is null)
                Do(next);
            if (_fault is { } fault)
                next.Faulted?.Invoke(fault);
        }
        while (Interlocked.Decrement(ref _pending) != 0);
    }

    private void Do(Work work)
    {
        try
        {
            work.Do();
            _afterEach();
            work.Done?.Invoke();
        }
        catch (Exception failure)
        {
            End(failure);
        }
    }

    private void End(Exception failure)
    {
        var fault = new BusFaultException($"The bus has stopped after an internal error: {failure.Message}", failure);
        _fault = fault;
        try
        {
            _faulted(fault);
        }
        catch (Exception second)
        {
            _fault = new BusFaultException(fault.Message, new AggregateException(failure, second));
        }
    }

    private readonly record struct Work(Action Do, Action? Done, Action<BusFaultException>? Faulted);
}

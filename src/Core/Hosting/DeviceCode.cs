// Where the author's code runs: on a scheduler of the author's, never on the bus's loop, and known while it does.

namespace VmBus.Hosting;

/// <summary>Runs the code of devices and callbacks. Nothing it throws leaves here but as a result.</summary>
internal sealed class DeviceCode(TaskScheduler scheduler)
{
    // Flows with the code into all it calls and starts: a call that waits for a service may come from that service.
    private readonly AsyncLocal<OpenedChannel?> _inside = new();
    private int _abandoned;

    /// <summary>
    /// The channel whose service the caller is part of, if it is. What a service has started is so until the service has ended.
    /// </summary>
    public OpenedChannel? Inside => _inside.Value is { } served && !served.Left.IsCompleted ? served : null;

    /// <summary>How many answers are waited for no more whose code has not ended.</summary>
    public int Abandoned => Math.Max(0, Volatile.Read(ref _abandoned));

    /// <summary>The answer is no longer awaited. Its code may have ended by now: that is reported on another thread.</summary>
    public void BeginAbandoned() => Interlocked.Increment(ref _abandoned);

    /// <summary>Such code has ended.</summary>
    public void EndAbandoned() => Interlocked.Decrement(ref _abandoned);

    /// <summary>Runs a piece of code.</summary>
    /// <param name="served">The channel it serves, if it serves one.</param>
    /// <param name="code">The code.</param>
    /// <returns>What it threw, if it threw. Never fails.</returns>
    public Task<Exception?> RunAsync(OpenedChannel? served, Func<Task> code)
    {
        try
        {
            return Task.Factory.StartNew(() => ContainAsync(served, code), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
        }
        catch (TaskSchedulerException failure)
        {
            return Task.FromResult<Exception?>(failure);
        }
    }

    /// <summary>Cancels a token that such code has: what the code does then is done elsewhere.</summary>
    /// <param name="source">Where the token is from; it is cancelled when this returns.</param>
    /// <param name="failed">Told what the code threw.</param>
    public static void Cancel(CancellationTokenSource source, Action<Exception> failed) => source.CancelAsync().ContinueWith(
        told => failed(told.Exception!.Flatten() is { InnerExceptions: [var only] } ? only : told.Exception),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private async Task<Exception?> ContainAsync(OpenedChannel? served, Func<Task> code)
    {
        // Set within an async method, it is forgotten by the caller's thread when this returns.
        _inside.Value = served;
        try
        {
            await code().ConfigureAwait(false);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }
}

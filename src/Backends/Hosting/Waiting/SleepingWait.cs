// What the waits that sleep in poll(2) have in common.

using System.Diagnostics;

namespace VmBus.Hosting;

internal static class SleepingWait
{
    /// <summary>Waits on a thread of its own: poll(2) knows nothing of tasks.</summary>
    public static ValueTask OnThread(ISignalWait wait, CancellationToken cancellationToken) => new(Task.Factory.StartNew(
        () => wait.Wait(Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    /// <summary>What is left of a timeout: zero when it is up, infinite when it has none.</summary>
    /// <param name="start">When it began, as <see cref="Stopwatch.GetTimestamp"/> says.</param>
    /// <param name="timeout">The timeout.</param>
    public static TimeSpan Remaining(long start, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return timeout;
        TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}

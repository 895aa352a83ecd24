// Code that awaits on a simulated clock: an async method goes on inside the event it waited for, on the one thread there
// is, so the same simulation takes the same course every time.

namespace VmBus.Tool;

/// <summary>Tasks of a <see cref="SimulatedClock"/>.</summary>
internal static class SimulatedTasks
{
    /// <summary>Completes when so much time has passed.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="nanoseconds">How long; nothing or less is over at once.</param>
    public static Task Delay(this SimulatedClock clock, long nanoseconds)
    {
        if (nanoseconds <= 0)
            return Task.CompletedTask;
        TaskCompletionSource done = new();
        clock.Schedule(nanoseconds, done.SetResult);
        return done.Task;
    }

    /// <summary>Runs events until a task is done.</summary>
    /// <exception cref="InvalidOperationException">No event is left and the task is not done: the simulation hangs.</exception>
    public static void RunUntil(this SimulatedClock clock, Task task, CancellationToken cancellationToken)
    {
        while (!task.IsCompleted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!clock.RunNext() && !task.IsCompleted)
                throw new InvalidOperationException($"Nothing is left to happen at {clock.Now} ns, and the simulation is not over.");
        }

        task.GetAwaiter().GetResult();
    }
}

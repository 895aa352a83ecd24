using System.Diagnostics;

namespace VmBus.SystemTest.Http;

/// <summary>Runs steps, each with a line; the first that fails ends them. A step without progress fails.</summary>
internal static class Steps
{
    // The longest silence on a quiet machine is a connect that nothing takes, 2 s.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120), Reminder = TimeSpan.FromSeconds(30), BetweenLooks = TimeSpan.FromMilliseconds(50);

    private static long _lastProgress;

    /// <summary>Something has come on: a connection, a request, an answer.</summary>
    public static void Progress() => Interlocked.Exchange(ref _lastProgress, Stopwatch.GetTimestamp());

    /// <summary>Runs them.</summary>
    /// <param name="side">Whose they are.</param>
    /// <param name="steps">The steps.</param>
    /// <returns>Whether all have passed.</returns>
    public static async Task<bool> RunAsync(string side, IEnumerable<(string Name, Func<Task> Step)> steps)
    {
        foreach ((string name, Func<Task> step) in steps)
        {
            Console.WriteLine($"-- {side}: {name}");
            long start = Stopwatch.GetTimestamp();
            Progress();
            try
            {
                Task running = Task.Run(step);
                while (await Task.WhenAny(running, Task.Delay(Reminder)) != running)
                {
                    if (Stopwatch.GetElapsedTime(Interlocked.Read(ref _lastProgress)) > Limit)
                        throw new FailedException($"nothing comes on for {Limit.TotalSeconds:0} s");
                    Console.WriteLine($"-- {side}: {name}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s so far");
                }
                await running;
                Console.WriteLine($"ok {side}: {name} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s)");
            }
            catch (Exception error)
            {
                Console.WriteLine($"FAILED {side}: {name} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s): {error}");
                return false;
            }
        }
        return true;
    }

    /// <summary>Fails a step.</summary>
    public static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new FailedException(otherwise);
    }

    /// <summary>Looks until it is so; the step's limit ends it.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(BetweenLooks);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Threads of a test, watched: one that fails ends it, and so do minutes without progress.</summary>
internal static class Workers
{
    private static readonly ConcurrentBag<Thread> Left = [];

    /// <summary>Threads of a test that failed still run, and may look at its memory, which is not to be unmapped then.</summary>
    public static bool AreLeftBehind => Left.Any(thread => thread.IsAlive);

    /// <summary>Runs each action on a thread of its own until all are done.</summary>
    /// <param name="progress">Grows as long as anything moves.</param>
    /// <param name="state">What to say when nothing moves any more.</param>
    /// <param name="actions">What to run.</param>
    public static void Run(Func<long> progress, Func<string> state, params Action[] actions)
    {
        Exception? failure = null;
        // Not disposed: a thread that is left behind counts it down later.
        var done = new CountdownEvent(actions.Length);
        Thread[] threads = [.. actions.Select(action => new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
            }
            finally
            {
                Interlocked.MemoryBarrier();
                done.Signal();
            }
        })
        { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();

        try
        {
            Watch(done, () => Volatile.Read(ref failure), progress, state);
        }
        catch
        {
            foreach (Thread thread in threads)
                Left.Add(thread);
            throw;
        }

        if (failure is { } last)
            ExceptionDispatchInfo.Throw(last);
    }

    private static void Watch(CountdownEvent done, Func<Exception?> failure, Func<long> progress, Func<string> state)
    {
        long seen = -1;
        var still = Stopwatch.StartNew();
        while (!done.Wait(TimeSpan.FromMilliseconds(50)))
        {
            if (failure() is { } error)
                ExceptionDispatchInfo.Throw(error);
            long now = progress();
            if (now != seen)
                still.Restart();
            seen = now;
            Assert.True(still.Elapsed < Patience.Limit, $"Nothing has moved for {Patience.Limit.TotalSeconds} s: {state()}");
        }
    }
}

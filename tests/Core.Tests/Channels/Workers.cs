using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Threads of a test, watched: one that fails ends it, and so does half a minute without progress.</summary>
internal static class Workers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs each action on a thread of its own until all are done.</summary>
    /// <param name="progress">Grows as long as anything moves.</param>
    /// <param name="state">What to say when nothing moves any more.</param>
    /// <param name="actions">What to run.</param>
    public static void Run(Func<long> progress, Func<string> state, params Action[] actions)
    {
        Exception? failure = null;
        using var done = new CountdownEvent(actions.Length);
        foreach (Action action in actions)
        {
            new Thread(() =>
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
            { IsBackground = true }.Start();
        }

        long seen = -1;
        var still = Stopwatch.StartNew();
        while (!done.Wait(TimeSpan.FromMilliseconds(50)))
        {
            if (Volatile.Read(ref failure) is { } error)
                ExceptionDispatchInfo.Throw(error);
            long now = progress();
            if (now != seen)
                still.Restart();
            seen = now;
            Assert.True(still.Elapsed < Patience, $"Nothing has moved for {Patience.TotalSeconds} s: {state()}");
        }

        if (failure is { } last)
            ExceptionDispatchInfo.Throw(last);
    }
}

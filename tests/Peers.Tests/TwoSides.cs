using System.Runtime.ExceptionServices;

namespace VmBus.Peers.Tests;

/// <summary>Two or more threads of a test: when one fails, the others stop, and its failure is the test's.</summary>
internal static class TwoSides
{
    public static void Run(params Action<CancellationToken>[] sides)
    {
        using var failed = new CancellationTokenSource();
        Exception? first = null;
        Thread[] threads = [.. sides.Select(side => new Thread(() =>
        {
            try
            {
                side(failed.Token);
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref first, failure, null);
                failed.Cancel();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        if (first is not null)
            ExceptionDispatchInfo.Capture(first).Throw();
    }
}

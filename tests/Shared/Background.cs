// A thread whose failure fails the test that started it, and which the test never outlives.

using System.Diagnostics;

namespace VmBus.Tests;

internal sealed class Background
{
    private readonly Thread _thread;
    private Exception? _error;

    private Background(Action action)
    {
        _thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception error)
            {
                _error = error;
            }
        })
        { IsBackground = true };
    }

    public static Background Run(Action action)
    {
        var background = new Background(action);
        background._thread.Start();
        return background;
    }

    public bool IsEnded => !_thread.IsAlive;

    /// <summary>
    /// Waits for the thread's end, and throws what it threw. A thread that does not end ends the program with the name of
    /// the test: a failure would unwind the test, and unmap the memory that the thread still looks at.
    /// </summary>
    public void Join() => Join(Patience.Limit);

    /// <inheritdoc cref="Join()"/>
    public void Join(TimeSpan limit)
    {
        if (!_thread.Join(limit))
            Watchdog.End($"a thread of the test did not end within {limit}");
        if (_error is not null)
            throw new InvalidOperationException("The other thread failed.", _error);
    }

    // Waits for a condition that another thread is to bring about.
    public static void Until(Func<bool> condition, string what)
    {
        // Most of what is waited for comes within a microsecond, and races are met only by who is on time.
        for (int tries = 0; tries < 5_000; tries++)
        {
            if (condition())
                return;
        }
        long started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Xunit.Assert.True(Stopwatch.GetElapsedTime(started) < Patience.Limit, $"Not within {Patience.Limit}: {what}.");
            Thread.Yield();
        }
    }
}

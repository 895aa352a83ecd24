// A thread whose failure fails the test that started it, and which a test never waits for longer than this.

namespace VmBus.Backends.Tests;

internal sealed class Background
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

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

    public void Join()
    {
        Assert.True(_thread.Join(Limit), $"The thread did not end within {Limit}.");
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
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < Limit, $"Not within {Limit}: {what}.");
            Thread.Yield();
        }
    }
}

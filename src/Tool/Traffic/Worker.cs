// A thread with a result. When it fails, the others of its run are told to stop.

using System.Runtime.ExceptionServices;

namespace VmBus.Tool;

/// <summary>Runs a function on a thread of its own.</summary>
internal sealed class Worker<T>
{
    private readonly Thread _thread;
    private T? _result;

    /// <summary>Starts the function.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="begin">Runs first on the thread: where it should run.</param>
    /// <param name="run">The function.</param>
    /// <param name="stop">Cancelled when the function throws.</param>
    public Worker(string name, Action begin, Func<T> run, CancellationTokenSource stop)
    {
        _thread = new Thread(() => Run(begin, run, stop)) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>What the function threw.</summary>
    public ExceptionDispatchInfo? Error { get; private set; }

    /// <summary>What the function returned.</summary>
    public T Result => _result!;

    /// <summary>Waits for the function to end.</summary>
    /// <param name="tick">Called a few times a second meanwhile.</param>
    public void JoinTicking(Action tick)
    {
        while (!_thread.Join(TimeSpan.FromMilliseconds(200)))
            tick();
    }

    private void Run(Action begin, Func<T> run, CancellationTokenSource stop)
    {
        try
        {
            begin();
            _result = run();
        }
        catch (Exception e)
        {
            Error = ExceptionDispatchInfo.Capture(e);
            stop.Cancel();
        }
    }
}

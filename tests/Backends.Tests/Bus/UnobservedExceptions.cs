using System.Collections.Concurrent;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Exceptions of the guest's bus in tasks that were never looked at, from now on.</summary>
internal sealed class UnobservedExceptions : IDisposable
{
    private readonly ConcurrentQueue<Exception> _seen = new();

    public UnobservedExceptions() => TaskScheduler.UnobservedTaskException += OnUnobserved;

    public void AssertNone()
    {
        for (int round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Empty(_seen.Select(exception => exception.ToString()));
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= OnUnobserved;

    // Tests run beside each other: what others leave unobserved on purpose is not ours.
    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs unobserved)
    {
        if (unobserved.Exception.ToString().Contains("VmBus.Guests.", StringComparison.Ordinal))
            _seen.Enqueue(unobserved.Exception);
    }
}

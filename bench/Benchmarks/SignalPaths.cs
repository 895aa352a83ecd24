// Signal paths that cost nothing, so that what is measured is the decision.

using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>A hypercall that returns at once.</summary>
internal sealed class NoOpSignalPath : ISignalPath
{
    public SignalCapabilities Capabilities =>
        SignalCapabilities.Monitor | SignalCapabilities.Hypercall | SignalCapabilities.LatencyHint;

    public HypercallStatus Signal() => HypercallStatus.Success;
}

/// <summary>A wait that is always over.</summary>
internal sealed class NoWait : ISignalWait
{
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => true;

    public ValueTask WaitAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public void Close(string reason)
    {
    }
}

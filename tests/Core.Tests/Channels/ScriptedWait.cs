using Microsoft.Extensions.Time.Testing;

namespace VmBus.Core.Tests.Channels;

/// <summary>A wait whose outcomes are written down: how long each lasts, what happens meanwhile, how it ends.</summary>
internal sealed class ScriptedWait(FakeTimeProvider clock) : ISignalWait
{
    private readonly Queue<(TimeSpan Lasts, bool Signalled, Action? Meanwhile)> _script = new();

    /// <summary>How long each wait was willing to last.</summary>
    public List<TimeSpan> Timeouts { get; } = [];

    public ScriptedWait Then(TimeSpan lasts, bool signalled, Action? meanwhile = null)
    {
        _script.Enqueue((lasts, signalled, meanwhile));
        return this;
    }

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Timeouts.Add(timeout);
        (TimeSpan lasts, bool signalled, Action? meanwhile) = _script.Dequeue();
        clock.Advance(lasts);
        meanwhile?.Invoke();
        return signalled;
    }

    /// <summary>What the channel said when it ended the waits.</summary>
    public string? Closed { get; private set; }

    public void Close(string reason) => Closed = reason;

    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        Wait(Timeout.InfiniteTimeSpan, cancellationToken);
        return ValueTask.CompletedTask;
    }
}

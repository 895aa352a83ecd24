using VmBus.Layout;

namespace VmBus.Core.Tests.Signals;

/// <summary>Both ends of one direction's signal: remembered while nobody waits, several folded into one, countable.</summary>
internal sealed class Gate(SignalCapabilities capabilities = SignalCapabilities.Monitor | SignalCapabilities.Hypercall | SignalCapabilities.LatencyHint)
    : ISignalPath, ISignalWait, IDisposable
{
    private readonly SemaphoreSlim _open = new(0);
    private int _signalled;
    private long _signals;
    private long _waits;
    private volatile string? _gone;

    public SignalCapabilities Capabilities { get; private set; } = capabilities;

    /// <summary>Whether the way to call is there to be found, or lost at the next call.</summary>
    public bool CanCall { get; set; } = capabilities.HasFlag(SignalCapabilities.Hypercall);

    /// <summary>What the hypervisor answers.</summary>
    public HypercallStatus Answer { get; set; }

    public long Signals => Volatile.Read(ref _signals);

    /// <summary>Waits begun.</summary>
    public long Waits => Volatile.Read(ref _waits);

    /// <summary>Whether a signal is remembered.</summary>
    public bool IsOpen => _open.CurrentCount > 0;

    public SignalCapabilities Review()
    {
        if (CanCall)
            Capabilities |= SignalCapabilities.Hypercall;
        return Capabilities;
    }

    public HypercallStatus Signal()
    {
        if (!CanCall && Capabilities.HasFlag(SignalCapabilities.Hypercall))
        {
            Capabilities &= ~SignalCapabilities.Hypercall;
            return HypercallStatus.InvalidConnectionId;
        }

        Interlocked.Increment(ref _signals);
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
            _open.Release();
        return Answer;
    }

    /// <summary>The other side goes away; every wait from now on says so.</summary>
    public void Disconnect(string how)
    {
        _gone ??= how;
        _open.Release();
    }

    public void Close(string reason) => Disconnect(reason);

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Begin();
        if (!_open.Wait(timeout, cancellationToken))
            return false;
        Take();
        return true;
    }

    public async ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        await _open.WaitAsync(cancellationToken);
        Take();
    }

    public void Dispose() => _open.Dispose();

    private void Begin()
    {
        ThrowIfGone();
        Interlocked.Increment(ref _waits);
    }

    private void Take()
    {
        Interlocked.Exchange(ref _signalled, 0);
        ThrowIfGone();
    }

    private void ThrowIfGone()
    {
        if (_gone is { } how)
            throw new PeerDisconnectedException(how);
    }
}

// Where the interrupts of one SINT of one VP come out.

using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>
/// The interrupts of one SINT: counted, then given to a <see cref="Sink"/>, or remembered for a thread that waits on
/// <see cref="Wait"/>. Thread-safe.
/// </summary>
internal sealed class InterruptLine
{
    private readonly WakeGate _gate;
    private volatile IInterruptSink? _sink;
    private long _interrupts;

    internal InterruptLine(int sint, WakeGate gate)
    {
        Sint = sint;
        _gate = gate;
    }

    /// <summary>Which SINT.</summary>
    public int Sint { get; }

    /// <summary>How many interrupts there have been.</summary>
    public long Interrupts => Volatile.Read(ref _interrupts);

    /// <summary>Who takes the interrupts. While there is none, an interrupt sets <see cref="Wait"/>.</summary>
    public IInterruptSink? Sink
    {
        get => _sink;
        set => _sink = value;
    }

    /// <summary>Waits for an interrupt while no sink is set. Several interrupts may become one.</summary>
    public ISignalWait Wait => _gate;

    internal WakeGate Gate => _gate;

    internal void Raise(byte vector)
    {
        Interlocked.Increment(ref _interrupts);
        if (_sink is { } sink)
            sink.Interrupt(Sint, vector);
        else
            _gate.Set();
    }
}

// One side of a channel, as parts: rings, signal, wait. What an opened channel is made from.

using VmBus.Signals;

namespace VmBus.Backends.InMemory;

/// <summary>One end of an <see cref="InMemoryChannel"/>. Owns nothing; the channel does.</summary>
public sealed class InMemoryChannelEnd
{
    internal InMemoryChannelEnd(RingMapping outgoing, RingMapping incoming, SignalBinding binding, WakeGate gate)
    {
        Outgoing = outgoing;
        Incoming = incoming;
        Binding = binding;
        Gate = gate;
    }

    /// <summary>The ring this end writes. The same mapping as the other end's <see cref="Incoming"/>.</summary>
    public RingMapping Outgoing { get; }

    /// <summary>The ring this end reads. The same mapping as the other end's <see cref="Outgoing"/>.</summary>
    public RingMapping Incoming { get; }

    /// <summary>How this end signals the other.</summary>
    public SignalBinding Binding { get; }

    /// <summary>Where this end waits for the other's signals.</summary>
    public WakeGate Gate { get; }
}

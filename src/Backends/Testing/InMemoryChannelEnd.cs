// One side of a channel, as parts: rings, signal, wait. What an opened channel is made from.

using VmBus.Hosting;

namespace VmBus.Testing;

/// <summary>One end of an <see cref="InMemoryChannel"/>. Owns nothing; the channel does.</summary>
internal sealed class InMemoryChannelEnd
{
    private readonly Lock _sync = new();
    private readonly List<VmBusChannel> _opened = [];
    private bool _ended;

    internal InMemoryChannelEnd(RingMapping outgoing, RingMapping incoming, SignalBinding binding, WakeGate gate)
    {
        Outgoing = outgoing;
        Incoming = incoming;
        Binding = binding;
        Gate = gate;
    }

    /// <summary>The ring this end writes. The same mapping as the other end's <see cref="Incoming"/>.</summary>
    internal RingMapping Outgoing { get; }

    /// <summary>The ring this end reads. The same mapping as the other end's <see cref="Outgoing"/>.</summary>
    internal RingMapping Incoming { get; }

    /// <summary>How this end signals the other.</summary>
    internal SignalBinding Binding { get; }

    /// <summary>Where this end waits for the other's signals.</summary>
    internal WakeGate Gate { get; }

    /// <summary>Opens this end of the channel. Each end is opened once at a time.</summary>
    /// <param name="trust">How far the other end is trusted.</param>
    /// <param name="multiProducer">Whether several threads send at once.</param>
    /// <param name="clock">The clock of timeouts and of the adaptive policy; <see langword="null"/> for the system's.</param>
    /// <param name="adaptive">When an adaptive channel changes; <see langword="null"/> for the defaults.</param>
    /// <returns>The end. Disposed with the <see cref="InMemoryChannel"/> it belongs to, at the latest.</returns>
    /// <exception cref="ObjectDisposedException">The <see cref="InMemoryChannel"/> is disposed.</exception>
    public VmBusChannel Open(PeerTrust trust = PeerTrust.Trusted, bool multiProducer = false, TimeProvider? clock = null, AdaptiveOptions? adaptive = null)
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            var channel = new VmBusChannel(
                new OutgoingRing(Outgoing.Memory, new OutgoingRingOptions { MultiProducer = multiProducer }),
                new IncomingRing(Incoming.Memory, new IncomingRingOptions { Trust = trust }),
                new ChannelSignaler(Binding with { IsConcurrent = multiProducer }, clock, adaptive),
                Gate,
                clock);
            _opened.Add(channel);
            return channel;
        }
    }

    /// <summary>Closes what was opened, before its memory goes.</summary>
    internal void End()
    {
        lock (_sync)
        {
            _ended = true;
            foreach (VmBusChannel channel in _opened)
                channel.Dispose();
        }
    }
}

// Reading without batches: a stream of packets, and questions with their answers.

namespace VmBus;

partial class VmBusChannel
{
    private PacketDispatcher? _dispatcher;

    /// <summary>
    /// Reads packets as they come, until the channel has ended. Completions of <see cref="RequestAsync"/> are not among them.
    /// </summary>
    /// <param name="cancellationToken">Ends the sequence with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Copies; each is valid until the next one is asked for. The sequence ends when the channel has ended.</returns>
    /// <remarks>One reader at a time. While it waits, batches of the same channel cannot be read: <see cref="ReadBatch"/> throws.</remarks>
    /// <exception cref="RingCorruptException">The other side wrote what no correct peer writes.</exception>
    /// <exception cref="InvalidOperationException">Another sequence reads the channel.</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed before the call.</exception>
    public IAsyncEnumerable<ReceivedPacket> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Dispatcher.ReadAllAsync(cancellationToken);
    }

    /// <summary>Sends a packet that asks for a completion, and waits for it.</summary>
    /// <param name="payload">The question.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="cancellationToken">
    /// Ends the wait with <see cref="OperationCanceledException"/>. A completion that comes after it is dropped.
    /// </param>
    /// <returns>The completion; dispose it to give its memory back to the pool.</returns>
    /// <remarks>
    /// Up to 1024 may be in flight; the next waits. Transaction ids are the channel's own. Packets that are no completions and
    /// come meanwhile are kept for <see cref="ReadAllAsync"/>: 1024 of them or 4 MiB, then the ring is left to fill.
    /// While one waits, <see cref="ReadBatch"/> throws. Sends of other threads beside it need a multi-producer channel.
    /// </remarks>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote what no correct peer writes.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone; the answer will not come.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed, or was before the answer arrived.</exception>
    public ValueTask<ReceivedPacket> RequestAsync(ReadOnlyMemory<byte> payload, Urgency urgency = Urgency.Normal, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Dispatcher.RequestAsync(payload, urgency, cancellationToken);
    }

    /// <summary>Requests whose completion is awaited.</summary>
    internal int RequestsInFlight => _dispatcher?.Requests ?? 0;

    internal ValueTask<bool> WaitToReadAsync(IncomingRing ring, CancellationToken cancellationToken) => WaitToReadCoreAsync(ring, cancellationToken);

    /// <summary>From here on, reading by batch throws: the dispatcher reads.</summary>
    internal void TakeIncoming() => Interlocked.CompareExchange(ref _incoming, IncomingRing.Taken, _ring);

    internal void GiveIncomingBack() => Interlocked.CompareExchange(ref _incoming, _ring, IncomingRing.Taken);

    private PacketDispatcher Dispatcher =>
        _dispatcher ?? Interlocked.CompareExchange(ref _dispatcher, new PacketDispatcher(this, _ring), null) ?? _dispatcher;
}

// A batch of packets read from a channel: one publication of the read index, at most one signal for room.

using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>Packets read together. What is not committed will be read again.</summary>
/// <remarks>Belongs to the thread that began it. See <see cref="IncomingBatch"/>.</remarks>
public readonly ref struct ChannelReadBatch
{
    private readonly VmBusChannel _channel;
    private readonly IncomingBatch _batch;

    internal ChannelReadBatch(VmBusChannel channel, IncomingBatch batch)
    {
        _channel = channel;
        _batch = batch;
    }

    /// <inheritdoc cref="IncomingBatch.TryNext"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNext(out RingPacket packet) => _batch.TryNext(out packet);

    /// <summary>Gives the room of the packets taken so far back, and signals a writer that waits for it. The batch may go on after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit()
    {
        if (_batch.Commit())
            _channel.Signaler.SignalRoom();
    }

    /// <summary>Ends the batch; packets taken and not committed will be read again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _batch.Dispose();

    /// <summary>The packets that are left, for <c>foreach</c>. Each is valid until the next.</summary>
    public Enumerator GetEnumerator() => new(_batch);

    /// <summary>Goes through the packets of a batch.</summary>
    public ref struct Enumerator
    {
        private readonly IncomingBatch _batch;
        private RingPacket _current;

        internal Enumerator(IncomingBatch batch) => _batch = batch;

        /// <summary>The packet taken last.</summary>
        public readonly RingPacket Current => _current;

        /// <summary>Takes the next packet.</summary>
        /// <exception cref="RingCorruptException">The writer wrote something impossible; the ring is faulted.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext() => _batch.TryNext(out _current);
    }
}

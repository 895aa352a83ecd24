// A batch of packets read from a channel: one publication of the read index, at most one signal for room.

using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>Packets read together. Packets that are not committed are read again.</summary>
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

    /// <summary>
    /// Frees the room of the packets read so far, and signals a writer that waits for it. The batch can continue.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit()
    {
        if (_batch.Commit())
            _channel.Signaler.SignalRoom();
    }

    /// <summary>Ends the batch. Packets that were read but not committed are read again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _batch.Dispose();

    /// <summary>The remaining packets, for <c>foreach</c>. Each is valid until the next one is read.</summary>
    public Enumerator GetEnumerator() => new(_batch);

    /// <summary>Enumerates the packets of a batch.</summary>
    public ref struct Enumerator
    {
        private readonly IncomingBatch _batch;
        private RingPacket _current;

        internal Enumerator(IncomingBatch batch) => _batch = batch;

        /// <summary>The current packet.</summary>
        public readonly RingPacket Current => _current;

        /// <summary>Reads the next packet.</summary>
        /// <exception cref="RingCorruptException">The writer wrote an invalid value; the ring is faulted.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext() => _batch.TryNext(out _current);
    }
}

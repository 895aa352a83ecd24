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
}

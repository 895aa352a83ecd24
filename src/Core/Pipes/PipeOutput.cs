// The writing half of a pipe: bytes or messages in, packets of the ring out. Mirrors hvs_stream_enqueue and
// hvs_shutdown (Linux net/vmw_vsock/hyperv_transport.c).

using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Pipes;

/// <summary>Puts data into the ring, straight from the caller's memory. One writer at a time.</summary>
internal sealed class PipeOutput
{
    // The size of an empty packet: data leaves this much free, so that the end packet fits even into a full ring.
    private const int EndLength = PacketDescriptor.Size + PipeHeader.Size + PacketTrailer.Size;
    private const ulong DataType = (ulong)PipePacketType.Data;

    private readonly VmBusChannel _channel;
    private readonly PipeMode _mode;
    private readonly int _kept;
    private readonly int _publishAt;
    private bool _isWriting;
    private bool _isClosed;

    public PipeOutput(VmBusChannel channel, PipeMode mode)
    {
        _channel = channel;
        _mode = mode;
        int quarter = channel.Outgoing.DataSize / 4;
        if (mode == PipeMode.Byte)
        {
            // A stream may be cut anywhere. Pieces of a quarter of the ring at most let reader and writer work at once.
            _kept = EndLength;
            MaxDataLength = Math.Min(PipeHeader.MaxDataLength, quarter - EndLength);
        }
        else
        {
            MaxDataLength = Math.Min(PipeHeader.MaxDataLength, channel.Outgoing.MaxPayloadLength - PipeHeader.Size);
        }

        _publishAt = quarter;
    }

    /// <summary>The most data one packet carries here, in bytes.</summary>
    public int MaxDataLength { get; }

    /// <summary>How soon the other side is signalled for data.</summary>
    public Urgency Urgency { get; set; }

    /// <summary>Whether nothing more may be written.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Writes what there is room for, published and signalled once. An empty message is sent; zero bytes are not.</summary>
    /// <param name="data">The data; what was written is removed from its front.</param>
    /// <returns>Whether everything was written; if not, more may fit after <see cref="Wait"/>.</returns>
    public bool TryWrite(ref ReadOnlySpan<byte> data)
    {
        if (_mode == PipeMode.Byte && data.IsEmpty)
            return true;
        Enter();
        try
        {
            if (data.Length > MaxDataLength || !_channel.Outgoing.TryWriteInPlace(HeaderOf(data), data, (uint)_kept, out SignalNeed need))
                return TryWritePieces(ref data);
            _channel.AfterWrite(need, Urgency);
            data = default;
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The slow path: more than one packet, no room, or a refusal.</summary>
    private bool TryWritePieces(ref ReadOnlySpan<byte> data)
    {
        using ChannelWriteBatch batch = _channel.BeginBatch();
        bool written;
        int added = 0;
        do
        {
            int length = Math.Min(data.Length, MaxDataLength);
            written = _channel.Outgoing.HasRoom(PayloadLength(length)) && TryAdd(batch, data[..length]);
            if (!written)
                break;
            data = data[length..];
            added += length;
        }
        while (!data.IsEmpty && added < _publishAt);
        batch.Commit(Urgency);
        return written && data.IsEmpty;
    }

    /// <summary>Sends the end packet, if there is room for it: there is, unless another writer uses the ring too.</summary>
    public bool TryComplete()
    {
        if (IsCompleted)
            return true;
        Enter();
        try
        {
            return SayEnd();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Lets no further write begin, waits for the one in progress, and sends the end packet behind it unless it was sent. Any
    /// thread, once: the ring has one producer, and the writing thread need not be the closing one.
    /// </summary>
    /// <param name="saysEnd">Whether the other side is still there.</param>
    public void Close(bool saysEnd)
    {
        Volatile.Write(ref _isClosed, true);
        // Each write stores that it has begun, then checks that it may, without a fence between. This is the fence for all of
        // them: after it, a write that saw an open pipe is visible here.
        Interlocked.MemoryBarrierProcessWide();
        SpinWait spin = default;
        while (Volatile.Read(ref _isWriting))
            spin.SpinOnce();
        if (saysEnd && !IsCompleted)
            SayEnd();
    }

    /// <summary>Ends writing without an end packet.</summary>
    public void Abandon() => IsCompleted = true;

    /// <summary>Blocks until there is room for the next packet of so much data.</summary>
    /// <exception cref="TimeoutException">The time was up.</exception>
    public void Wait(int length, TimeSpan timeout)
    {
        switch (_channel.WaitForRoom(PayloadLength(length), timeout))
        {
            case WaitOutcome.TimedOut:
                throw new TimeoutException($"No room within {timeout.TotalMilliseconds} ms.");
            case WaitOutcome.Ended:
                ThrowDisconnected();
                break;
        }
    }

    /// <summary><see cref="Wait"/> without a thread.</summary>
    /// <exception cref="PeerDisconnectedException">The channel has ended.</exception>
    public async ValueTask WaitAsync(int length, CancellationToken cancellationToken)
    {
        if (!await _channel.WaitToWriteAsync(PayloadLength(length), cancellationToken).ConfigureAwait(false))
            ThrowDisconnected();
    }

    private static void ThrowDisconnected() => throw new PeerDisconnectedException("The other side of the pipe is gone, so there will be no room.");

    private void Enter()
    {
        Volatile.Write(ref _isWriting, true);
        if (!Volatile.Read(ref _isClosed))
            return;
        Leave();
        throw new ObjectDisposedException(nameof(PipeStream));
    }

    private void Leave() => Volatile.Write(ref _isWriting, false);

    private bool SayEnd()
    {
        using ChannelWriteBatch batch = _channel.BeginBatch();
        if (!TryAdd(batch, []))
            return false;
        batch.Commit(Urgency);
        return IsCompleted = true;
    }

    private int PayloadLength(int length) => PipeHeader.Size + Math.Min(length, MaxDataLength) + _kept;

    private static ulong HeaderOf(ReadOnlySpan<byte> data) => DataType | (ulong)data.Length << 32;

    private static bool TryAdd(in ChannelWriteBatch batch, ReadOnlySpan<byte> data)
    {
        if (!batch.TryReserve(PipeHeader.Size + data.Length, out Span<byte> payload))
            return false;
        BinaryPrimitives.WriteUInt64LittleEndian(payload, HeaderOf(data));
        data.CopyTo(payload[PipeHeader.Size..]);
        return true;
    }
}

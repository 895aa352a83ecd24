// The reading half of a pipe: packets of the ring in, bytes or messages out. Mirrors hvs_stream_dequeue and
// hvs_update_recv_data (Linux net/vmw_vsock/hyperv_transport.c) and the pipe reader of OpenVMM's vmbus_async.

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using VmBus.Layout;

namespace VmBus.Pipes;

/// <summary>What has come and is not read yet. One reader at a time.</summary>
/// <remarks>
/// A packet whose data does not fit is taken from the ring all the same, and what is left of it kept here: its header is
/// read once, the writer gets its room back, and no other reader finds it marked <see cref="PipePacketType.Partial"/>.
/// </remarks>
internal sealed class PipeInput(VmBusChannel channel, PipeMode mode)
{
    private byte[] _rest = [];
    private int _restAt;
    private int _restEnd;
    private long _position;
    private PipeCorruptException? _fault;

    /// <summary>What the peer sent that faulted the pipe, if it did.</summary>
    public PipeCorruptException? Fault => Volatile.Read(ref _fault);

    /// <summary>Whether nothing more will come; what came before may still be unread.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether the end was said by the peer, with an empty packet.</summary>
    public bool PeerCompleted { get; private set; }

    /// <summary>Whether the last read took the last of its message.</summary>
    public bool IsMessageComplete { get; private set; } = true;

    private bool HasRest => _restAt < _restEnd;

    /// <summary>Takes what there is. An empty destination only asks whether a read would wait.</summary>
    /// <returns><see langword="false"/> when there is nothing yet; at the end <see langword="true"/> and no bytes.</returns>
    public bool TryRead(Span<byte> destination, out int read)
    {
        ThrowIfFaulted();
        read = 0;
        if (destination.IsEmpty)
        {
            IsMessageComplete = false;
            return HasRest || IsEnded || channel.Incoming.HasPackets;
        }

        if (HasRest)
        {
            read = TakeRest(destination);
            return true;
        }

        return IsEnded || (mode == PipeMode.Byte ? TryReadBytes(destination, out read) : TryReadPart(destination, out read));
    }

    /// <summary>Takes a whole message, or what earlier reads left of one.</summary>
    /// <param name="destination">Where it goes.</param>
    /// <param name="length">The message's length, or -1 at the end.</param>
    /// <returns><see langword="false"/> when there is none yet.</returns>
    /// <exception cref="ArgumentException">The message is longer; it stays.</exception>
    public bool TryReadMessage(Span<byte> destination, out int length)
    {
        ThrowIfFaulted();
        if (!HasRest)
        {
            length = -1;
            if (IsEnded)
                return true;
            using ChannelReadBatch batch = channel.ReadBatch();
            if (!batch.TryNext(out RingPacket packet))
                return false;
            ReadOnlySpan<byte> data = Open(packet);
            if (data.Length > destination.Length)
                Keep(data);
            else
                data.CopyTo(destination);
            batch.Commit();
            length = data.Length;
            IsMessageComplete = length <= destination.Length;
            if (IsMessageComplete)
                return true;
        }

        length = _restEnd - _restAt;
        if (length > destination.Length)
            throw new ArgumentException($"The message has {length} bytes left; the buffer takes {destination.Length}.", nameof(destination));
        TakeRest(destination);
        return true;
    }

    /// <summary>Blocks until <see cref="TryRead"/> has an answer.</summary>
    /// <exception cref="TimeoutException">The time was up.</exception>
    public void Wait(TimeSpan timeout)
    {
        switch (channel.WaitForPackets(timeout))
        {
            case WaitOutcome.TimedOut:
                throw new TimeoutException($"Nothing came within {timeout.TotalMilliseconds} ms.");
            case WaitOutcome.Ended:
                IsEnded = true;
                break;
        }
    }

    /// <summary><see cref="Wait"/> without a thread.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        // All that the peer had sent is read: this is how a pipe ends whose peer closes it without a word.
        if (!await channel.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            IsEnded = true;
    }

    public void ThrowIfFaulted()
    {
        if (Fault is { } fault)
            throw new PipeCorruptException(fault.Fault, fault.Value, fault.Limit, fault.Position);
    }

    private bool TryReadBytes(Span<byte> destination, out int read)
    {
        read = 0;
        using ChannelReadBatch batch = channel.ReadBatch();
        while (read < destination.Length && TryNext(batch, read > 0, out ReadOnlySpan<byte> data))
        {
            if (data.IsEmpty)
            {
                IsEnded = PeerCompleted = true;
                break;
            }

            read += TakeFront(data, destination[read..]);
        }

        batch.Commit();
        return read > 0 || IsEnded;
    }

    /// <summary>The next packet's data. What is wrong with a packet waits until those before it were handed out.</summary>
    private bool TryNext(in ChannelReadBatch batch, bool hasSome, out ReadOnlySpan<byte> data)
    {
        try
        {
            bool any = batch.TryNext(out RingPacket packet);
            data = any ? Open(packet) : default;
            return any;
        }
        catch (VmBusException) when (hasSome)
        {
            // Both the ring and the pipe keep their fault, and throw it at the next read.
            data = default;
            return false;
        }
    }

    private bool TryReadPart(Span<byte> destination, out int read)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        bool any = batch.TryNext(out RingPacket packet);
        read = any ? TakeFront(Open(packet), destination) : 0;
        batch.Commit();
        IsMessageComplete = any && !HasRest;
        return any;
    }

    /// <summary>A packet's data: checked, by a header that was read once.</summary>
    /// <exception cref="PipeCorruptException">No correct peer sends it. The pipe is faulted.</exception>
    private ReadOnlySpan<byte> Open(scoped in RingPacket packet)
    {
        ReadOnlySpan<byte> payload = packet.Payload;
        if (packet.Type != PacketType.DataInBand)
            Throw(PipeFault.NotInBand, (uint)packet.Type, (uint)PacketType.DataInBand);
        if (payload.Length < PipeHeader.Size)
            Throw(PipeFault.HeaderTruncated, (uint)payload.Length, PipeHeader.Size);
        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(payload);
        uint length = (uint)(header >> 32);
        payload = payload[PipeHeader.Size..];
        if ((PipePacketType)(uint)header != PipePacketType.Data)
            ThrowType((uint)header);
        if (length > PipeHeader.MaxDataLength)
            Throw(PipeFault.LengthOverLimit, length, PipeHeader.MaxDataLength);
        if (length > (uint)payload.Length)
            Throw(PipeFault.LengthOverPacket, length, (uint)payload.Length);
        _position += length;
        return payload[..(int)length];
    }

    private int TakeFront(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        int taken = Math.Min(data.Length, destination.Length);
        data[..taken].CopyTo(destination);
        if (taken < data.Length)
            Keep(data[taken..]);
        return taken;
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        if (_rest.Length == 0)
            _rest = GC.AllocateUninitializedArray<byte>(PipeHeader.MaxDataLength);
        data.CopyTo(_rest);
        _restAt = 0;
        _restEnd = data.Length;
    }

    private int TakeRest(Span<byte> destination)
    {
        int taken = Math.Min(_restEnd - _restAt, destination.Length);
        _rest.AsSpan(_restAt, taken).CopyTo(destination);
        _restAt += taken;
        IsMessageComplete = !HasRest;
        return taken;
    }

    [DoesNotReturn]
    private void ThrowType(uint type) => Throw(
        (PipePacketType)type switch
        {
            PipePacketType.Partial => PipeFault.PartialFromPeer,
            PipePacketType.SetupGpaDirect or PipePacketType.TeardownGpaDirect => PipeFault.GpaDirectNotOffered,
            _ => PipeFault.UnknownType,
        },
        type,
        (uint)PipePacketType.TeardownGpaDirect);

    [DoesNotReturn]
    private void Throw(PipeFault fault, uint value, uint limit)
    {
        var error = new PipeCorruptException(fault, value, limit, _position);
        Volatile.Write(ref _fault, error);
        throw error;
    }
}

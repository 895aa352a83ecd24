// The reading half of a pipe: packets of the ring in, bytes or messages out. Mirrors hvs_stream_dequeue and
// hvs_update_recv_data (Linux net/vmw_vsock/hyperv_transport.c) and the pipe reader of OpenVMM's vmbus_async.

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Pipes;

/// <summary>What has arrived and is not read yet. One reader at a time.</summary>
/// <remarks>
/// A packet whose data does not fit is still taken from the ring, and the rest is kept here: its header is read once, the
/// writer gets its room back, and no other reader finds it marked <see cref="PipePacketType.Partial"/>.
/// </remarks>
internal sealed class PipeInput(VmBusChannel channel, PipeMode mode)
{
    private readonly PipeLooks _looks = new(channel);
    private byte[] _rest = [];
    private int _restAt;
    private int _restEnd;
    private long _position;
    private PipeCorruptException? _fault;

    /// <summary>What the peer sent that faulted the pipe, if it did.</summary>
    public PipeCorruptException? Fault => Volatile.Read(ref _fault);

    /// <summary>Whether nothing more will come. Earlier data may still be unread.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether the peer completed its writing, with an empty packet.</summary>
    public bool PeerCompleted { get; private set; }

    /// <summary>Whether the last read took the last of its message.</summary>
    public bool IsMessageComplete { get; private set; } = true;

    private bool HasRest => _restAt < _restEnd;

    /// <summary>Takes what is there. An empty destination only asks whether a read would wait.</summary>
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
        if (IsFoundSoon())
            return;
        switch (channel.WaitForPackets(timeout))
        {
            case WaitOutcome.Ready:
                _looks.Masked();
                break;
            case WaitOutcome.TimedOut:
                throw new TimeoutException($"No data within {timeout.TotalMilliseconds} ms.");
            case WaitOutcome.Ended:
                IsEnded = true;
                break;
        }
    }

    /// <summary><see cref="Wait"/> without a thread.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (IsFoundSoon())
            return;
        if (await channel.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            _looks.Masked();
        else
            IsEnded = true;     // all that the peer sent is read: the end of a pipe whose peer closes without an end packet
    }

    public void ThrowIfFaulted()
    {
        if (Fault is { } fault)
            throw new PipeCorruptException(fault.Fault, fault.Value, fault.Limit, fault.Position);
    }

    /// <summary>Whether no wait is needed: something came while the interrupt was masked, or this side closed the channel meanwhile.</summary>
    private bool IsFoundSoon()
    {
        try
        {
            if (_looks.TryFind())
                return true;
        }
        catch (ObjectDisposedException)
        {
            return IsEnded = true;
        }

        _looks.Unmasked();
        return false;
    }

    private bool TryReadBytes(Span<byte> destination, out int read)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        int taken = 0;
        try
        {
            TakeBytes(batch, destination, ref taken);
        }
        catch (VmBusException) when (taken > 0)
        {
            // A fault waits until the packets before it were handed out: the ring and the pipe keep it, and throw it at
            // the next read.
        }

        batch.Commit();
        read = taken;
        return read > 0 || IsEnded;
    }

    /// <summary>Takes packets until the destination is full, the end packet came, or none is left.</summary>
    /// <remarks>Kept apart from the catch, which would keep its variables out of registers.</remarks>
    private void TakeBytes(in ChannelReadBatch batch, Span<byte> destination, ref int taken)
    {
        while (taken < destination.Length && batch.TryNext(out RingPacket packet))
        {
            ReadOnlySpan<byte> data = Open(packet);
            if (data.IsEmpty)
            {
                IsEnded = PeerCompleted = true;
                return;
            }

            taken += TakeFront(data, destination[taken..]);
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
        RingMemory.Copy(data[..taken], ref MemoryMarshal.GetReference(destination));
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

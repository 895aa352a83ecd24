// Room in the ring: looking at how far the reader has come, waiting for it to read on, and what its index may not be.
// Mirrors hv_get_bytes_to_write and set_channel_pending_send_size (Linux include/linux/hyperv.h).

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

unsafe partial class OutgoingRing
{
    /// <summary>
    /// Asks the reader to signal when there is room for a packet, and looks once more, since room may have come before
    /// the reader saw the request. One request at a time; where several threads wait, a channel keeps them apart.
    /// </summary>
    /// <param name="payloadLength">Bytes of payload of the in-band packet to come.</param>
    /// <returns>
    /// <see langword="true"/> when there is room now (the request is taken back); <see langword="false"/> when this
    /// side must wait for a signal before it tries again.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The reader wrote an impossible index.</exception>
    public bool RequestRoom(int payloadLength)
    {
        uint total = CheckedTotal(payloadLength);
        Enter();
        try
        {
            ThrowIfFaulted();

            // A quarter of the ring at least: a writer that is woken for each packet's worth of room wakes too often.
            SawReadIndex(RingHandshake.RequestRoom(_control, Math.Max(total, _size / 4)));
            if (Free < total)
                return false;
            _control.StorePendingSendSize(0);
            return true;
        }
        finally
        {
            ExitQuietly();
        }
    }

    /// <summary>Takes back a request for room, so that the reader does not signal for it any more.</summary>
    public void CancelRoomRequest() => _control.StorePendingSendSize(0);

    /// <summary>
    /// <see cref="RequestRoom"/> for any number of threads at once: the request is the largest that any of them
    /// waits for, until the last has stopped waiting. Taking it back earlier would leave the others waiting without end.
    /// </summary>
    /// <param name="payloadLength">Bytes of payload of the in-band packet to come.</param>
    /// <param name="waiting">
    /// Whether this thread is counted among those that wait; <see langword="false"/> at first, and to be given to
    /// <see cref="StopAwaitingRoom"/> in the end.
    /// </param>
    /// <returns>Whether there is room now.</returns>
    internal bool AwaitRoom(int payloadLength, ref bool waiting)
    {
        uint total = CheckedTotal(payloadLength);
        Enter();
        try
        {
            ThrowIfFaulted();
            SawReadIndex(_control.LoadReadIndex());
            if (Free < total)
                SawReadIndex(AskForRoom(Math.Max(total, _size / 4), ref waiting));
            return Free >= total;
        }
        finally
        {
            ExitQuietly();
        }
    }

    /// <summary>Asks the reader to signal when it has read all that was published, and looks once more.</summary>
    /// <param name="waiting">As for <see cref="AwaitRoom"/>.</param>
    /// <returns>Whether all was read.</returns>
    /// <remarks>
    /// Any thread, also beside the one that writes: what that one keeps to itself is neither read nor changed here. So a bad
    /// index is thrown and left for the writer to meet.
    /// </remarks>
    internal bool AwaitEmpty(ref bool waiting)
    {
        ThrowIfEnded();
        ThrowIfFaulted();
        if (IsEmpty(_control.LoadReadIndex()))
            return true;
        // 8 bytes always stay free, and the reader signals for more room than was asked for: so only for an empty ring.
        return IsEmpty(AskForRoom(_size - 8, ref waiting));

        bool IsEmpty(uint read)
        {
            if (RingIndex.CheckRead(read, _size) is not RingFault.None and var bad)
                throw new RingCorruptException(bad, read, _size, _control.LoadWriteIndex());
            return read == _control.LoadWriteIndex();
        }
    }

    /// <summary>Ends what <see cref="AwaitRoom"/> or <see cref="AwaitEmpty"/> began; the last to wait takes the request back.</summary>
    internal void StopAwaitingRoom(ref bool waiting)
    {
        if (!waiting)
            return;
        waiting = false;
        lock (_roomLock)
        {
            if (--_roomWaiters == 0 && (_guard & RingGuard.Ended) == 0)
                _control.StorePendingSendSize(0);
        }
    }

    /// <returns>The read index as of after the request.</returns>
    private uint AskForRoom(uint wanted, ref bool waiting)
    {
        lock (_roomLock)
        {
            if (!waiting)
            {
                waiting = true;
                _roomWaiters++;
            }

            _roomAwaited = _roomWaiters == 1 ? wanted : Math.Max(wanted, _roomAwaited);
            return RingHandshake.RequestRoom(_control, _roomAwaited);
        }
    }

    /// <summary>Whether an in-band packet would fit behind what was appended; asked by the writer, in a batch.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    internal bool HasRoom(int payloadLength)
    {
        uint total = CheckedTotal(payloadLength);
        return total <= _room || TryMakeRoom(total);
    }

    /// <summary>Bytes that may be written from the next packet's place on, by the read index as last seen.</summary>
    private uint Free => _size - RingHandshake.Distance(_lastRead, _cursor.Next, _size) - 8;

    /// <summary>
    /// What one comparison of the hot path stands for: no more than is free, than lies before the end where nothing may
    /// wrap, than a descriptor can say. Each packet takes as much off the first two as it is long, so that the least of
    /// them stays a limit until it is reached; then it is computed again.
    /// </summary>
    private uint Room => Math.Min(Math.Min(Free, _inPlaceEnd - _cursor.Next), MaxPacketLength + PacketTrailer.Size);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeRoom(uint total)
    {
        if ((_guard & (RingGuard.Ended | RingGuard.PeerGone)) != 0)
        {
            ThrowIfEnded();
            return false;
        }
        CheckCanEverFit(total);
        ThrowIfFaulted();
        if (total > Free)
            SawReadIndex(_control.LoadReadIndex());
        _room = Room;
        if (total <= Free)
            return true;

        _fullTotal++;
        if (_fullAt != _cursor.Position)
        {
            _fullAt = _cursor.Position;
            _fullFirst++;
        }

        return false;
    }

    /// <summary>Takes a read index from shared memory: valid, and not past what was published, or the ring is faulted.</summary>
    private void SawReadIndex(uint read)
    {
        if (RingIndex.CheckRead(read, _size) is not RingFault.None and var bad)
            throw Fault(bad, read, _size);
        if (RingHandshake.Distance(_lastRead, read, _size) > RingHandshake.Distance(_lastRead, _cursor.Committed, _size))
            throw Fault(RingFault.ReadIndexPassedWriter, read, _cursor.Committed);
        _lastRead = read;
        _room = Room;
    }

    /// <summary>Bytes that an in-band packet takes in the ring, if it can ever fit.</summary>
    private uint CheckedTotal(int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        uint total = LengthOf(payloadLength) + PacketTrailer.Size;
        CheckCanEverFit(total);
        return total;
    }

    private void CheckCanEverFit(uint total)
    {
        uint longest = Math.Min(_size - 8, MaxPacketLength + PacketTrailer.Size);
        if (total > longest)
            throw new ArgumentException($"The packet needs {total} bytes of ring; this ring of {_size} bytes holds packets of up to {longest}.");
    }

    /// <summary>Every reader would fault its ring over such a packet.</summary>
    [DoesNotReturn]
    private static void ThrowNoRanges(PacketType type)
        => throw new ArgumentException(type == PacketType.Invalid
            ? "The packet was not created by one of OutgoingPacket's methods: it has no type."
            : $"A packet of type {type} lists at least one range; this one has none.");

    private void ThrowIfFaulted()
    {
        if (_fault is { } fault)
            throw new RingCorruptException(fault.Fault, fault.Value, fault.Limit, fault.Index);
    }

    private RingCorruptException Fault(RingFault fault, ulong value, ulong limit)
    {
        // A closed channel's ring lies in pages of zeros, which are no corruption.
        ThrowIfEnded();
        // Without room each further write comes to TryMakeRoom, which throws: the hot path needs no check of its own.
        // What a batch has not published by then is discarded, so that committing it publishes nothing.
        _room = 0;
        GoBackToCommitted();
        _wrapped?.Clear();
        _fault = new RingCorruptException(fault, value, limit, _cursor.Committed);
        Faulted?.Invoke(_fault);
        return _fault;
    }
}

// The writing side of a ring. Mirrors hv_ringbuffer_write (Linux drivers/hv/ring_buffer.c) and vmbus_txbr_write (DPDK
// drivers/bus/vmbus/vmbus_bufring.c); batches as OpenVMM's OutgoingOffset (vmbus_ring/src/lib.rs).
//
//   control page   write index ─┐             read index (the reader's) ─┐         pending size: room this side waits for
//                               │                                       │
//   data   ──────────┬──────────┴──────────┬────────────────────────────┴──────────
//            published, unread    appended in a batch        free: _room of it, in one piece, and 8 bytes stay free
//                     _cursor.Committed    _cursor.Next      _lastRead: the read index as last seen
//
//   packet  [ descriptor 16 | extended header | payload, padded to 8 | trailer 8: where the packet starts ]
//
//   TryWrite: room by the cached read index? ─► write in place ─► publish: exchange of the write index, the one fence ─► was
//   the ring empty before, and the mask clear? ─► SignalNeed. All else, such as the guard, a wrap or no room: WriteAround.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>
/// Writes packets into a ring: reserves, copies once, publishes with one full-barrier exchange, and reports whether the
/// reader needs a signal.
/// </summary>
/// <remarks>
/// <para>One producer thread at a time, unless <see cref="OutgoingRingOptions.MultiProducer"/>. The memory must stay
/// mapped while the ring is used.</para>
/// <para>An invalid index from the reader throws <see cref="RingCorruptException"/> and faults the ring permanently.</para>
/// </remarks>
public sealed unsafe partial class OutgoingRing
{
    /// <summary>
    /// The longest packet that a descriptor can describe, in bytes, without the trailer: a 16-bit count of 8-byte units.
    /// </summary>
    public const int MaxPacketLength = ushort.MaxValue * 8;

    private static readonly (long Laps, uint Next) NotFull = (-1, 0);

    private readonly RingMemory _memory;
    private readonly RingControl _control;
    private readonly byte* _data;
    private readonly uint _size;
    private readonly uint _inPlaceEnd;  // packets that end by here do not wrap

    // What leads off the hot path; 0 for one producer on an open channel. See RingGuard.
    private RingGuard _guard;

    private RingCursor _cursor;
    private uint _room;         // the longest that fits from _cursor.Next on, in place: see Room
    private uint _lastRead;     // the read index as last seen
    private int _lock;
    private readonly Lock _roomLock = new();    // of the two below: a flush may wait beside the one that writes
    private int _roomWaiters;
    private uint _roomAwaited;  // the request for room in force while a thread waits
    private WrappedReservation? _wrapped;
    private RingCorruptException? _fault;

    private int _batchOpen;     // 1: a batch is open, and only it may write; its thread's
    private int _added;         // packets appended in a batch and not yet published
    private long _packetsBehindFirst;   // of each publication: one packet a publication is then one count
    private SignalNeedCounts _needs;
    private long _fullTotal;
    private long _fullFirst;
    private (long Laps, uint Next) _fullAt = NotFull;

    /// <summary>Attaches to a ring as its writer, and announces the pending-size feature for waits for room.</summary>
    /// <param name="memory">The ring.</param>
    /// <param name="options">How it is used; <see langword="null"/> for the default.</param>
    /// <exception cref="RingCorruptException">The indices already in the control page are invalid.</exception>
    public OutgoingRing(RingMemory memory, OutgoingRingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        _memory = memory;
        _control = memory.Control;
        _data = memory.Data;
        _size = (uint)memory.DataSize;
        _inPlaceEnd = memory.IsDoubleMapped ? 2 * _size : _size;
        _guard = (options ?? OutgoingRingOptions.Default).MultiProducer ? RingGuard.MultiProducer : RingGuard.None;

        uint write = _control.LoadWriteIndex();
        if (RingIndex.CheckWrite(write, _size) is not RingFault.None and var badWrite)
            throw Fault(badWrite, write, _size);
        _cursor = new RingCursor(write);
        uint read = _control.LoadReadIndex();
        if (RingIndex.CheckRead(read, _size) is not RingFault.None and var badRead)
            throw Fault(badRead, read, _size);
        _lastRead = read;
        _room = Room;

        _control.StoreFeatureBits(RingControlPage.FeaturePendingSendSize);
        _control.StorePendingSendSize(0);
    }

    /// <summary>The memory.</summary>
    internal RingMemory Memory => _memory;

    /// <summary>Bytes in the data area.</summary>
    public int DataSize => (int)_size;

    /// <summary>The largest payload of an in-band packet that fits into this ring when it is empty, in bytes.</summary>
    public int MaxPayloadLength => (int)Math.Min(_size - 8 - PacketTrailer.Size, MaxPacketLength) - PacketDescriptor.Size;

    /// <summary>Bytes in the ring that are not read yet, from shared memory; <see langword="null"/> if the indices there are impossible. Any thread.</summary>
    internal int? UsedBytes => RingIndex.Used(_control.LoadWriteIndex(), _control.LoadReadIndex(), _size);

    /// <summary>The error that faulted the ring, if one did.</summary>
    public RingCorruptException? CorruptionError => _fault;

    /// <summary>Called with the fault, once, by the thread that met it.</summary>
    internal Action<RingCorruptException>? Faulted { get; set; }

    /// <summary>Packets published since the ring was made. Read by the signaller's adaptive policy.</summary>
    internal long PacketsPublished => _needs.Sum() + _packetsBehindFirst;

    /// <summary>Writes one in-band packet and publishes it.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="transactionId">Sent to the reader.</param>
    /// <param name="flags">Whether to request a completion.</param>
    /// <param name="need">Whether the reader must be signalled, and if not, why not.</param>
    /// <returns><see langword="false"/> when there is no room now; nothing was written.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The reader wrote an invalid index.</exception>
    /// <exception cref="InvalidOperationException">A batch is open: either commit would publish the other's packets.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWrite(ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags, out SignalNeed need)
    {
        uint length = LengthOf(payload.Length);
        uint at = _cursor.Next;
        if (length + PacketTrailer.Size > _room || ((int)_guard | _batchOpen) != 0)
        {
            need = WriteAround(payload, transactionId, flags);
            return need != SignalNeed.Nothing;
        }

        // The index goes from register to exchange: loaded back from the field it would hold the exchange up.
        uint next = Advance(at, length + PacketTrailer.Size);
        WriteInPlace(at, payload, transactionId, flags, length);
        _cursor.Next = next;
        need = Publish(at, next);
        return true;
    }

    /// <summary>Writes one packet of any type and publishes it.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="need">Whether the reader must be signalled, and if not, why not.</param>
    /// <returns><see langword="false"/> when there is no room now; nothing was written.</returns>
    /// <exception cref="ArgumentException">
    /// The packet could never fit into this ring, or lacks the ranges that its type requires.
    /// </exception>
    /// <exception cref="RingCorruptException">The reader wrote an invalid index.</exception>
    /// <exception cref="InvalidOperationException">A batch is open: either commit would publish the other's packets.</exception>
    public bool TryWrite(in OutgoingPacket packet, out SignalNeed need)
    {
        using OutgoingBatch batch = BeginBatch();
        bool written = batch.TryAdd(packet);
        need = written ? batch.Commit() : SignalNeed.Nothing;
        return written;
    }

    /// <summary>
    /// Starts a batch: any number of packets, one publication, at most one signal. In multi-producer mode the batch
    /// holds the ring until it is committed or disposed.
    /// </summary>
    /// <returns>The batch. Dispose it to discard packets that were not committed.</returns>
    /// <exception cref="InvalidOperationException">
    /// A batch is already open; in multi-producer mode, a batch of this thread.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The ring's channel is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OutgoingBatch BeginBatch()
    {
        if (((int)_guard | _batchOpen) != 0)
            return new(EnterForBatch());
        _batchOpen = 1;
        return new(this);
    }

    /// <summary>What was counted. A snapshot: exact only while no thread writes.</summary>
    internal OutgoingRingStatistics GetStatistics() => new(
        PacketsPublished, _cursor.Bytes(_size),
        Masked: _needs[(int)SignalNeed.Masked],
        NotEmpty: _needs[(int)SignalNeed.NotEmpty],
        Required: _needs[(int)SignalNeed.Required],
        _fullTotal, _fullFirst);

    /// <summary>Puts an in-band packet behind those already appended, without publishing it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryAppend(ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags)
    {
        uint length = LengthOf(payload.Length);
        uint at = _cursor.Next;
        if (length + PacketTrailer.Size > _room)
            return TryAppendAround(payload, transactionId, flags);

        _cursor.Next = Advance(at, length + PacketTrailer.Size);
        _added++;
        WriteInPlace(at, payload, transactionId, flags, length);
        return true;
    }

    /// <summary>Puts a packet of any type behind those already appended, without publishing it.</summary>
    internal bool TryAppend(in OutgoingPacket packet)
    {
        if (packet.ExtendedHeader.IsEmpty && packet.Type == PacketType.DataInBand)
            return TryAppend(packet.Payload, packet.TransactionId, packet.Flags);
        if (packet.ExtendedHeader.Length < 16 && packet.Type != PacketType.Completion)
            ThrowNoRanges(packet.Type);

        uint offset = PacketDescriptor.Size + (uint)packet.ExtendedHeader.Length;
        uint length = (offset + (uint)packet.Payload.Length + 7) & ~7u;
        uint total = length + PacketTrailer.Size;
        if (total > _room && !TryMakeRoom(total))
            return false;
        AppendWrapped(PacketDescriptor.Pack(packet.Type, offset, length, packet.Flags), packet.TransactionId, packet.ExtendedHeader, packet.Payload, length);
        return true;
    }

    /// <summary>Appends an in-band packet whose payload the caller fills in place before the batch is committed.</summary>
    internal bool TryReserve(int payloadLength, ulong transactionId, PacketFlags flags, out Span<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        uint length = LengthOf(payloadLength);
        uint total = length + PacketTrailer.Size;
        if (total > _room && !TryMakeRoom(total))
        {
            payload = default;
            return false;
        }

        uint at = _cursor.Next;
        bool wraps = at + total > _inPlaceEnd;
        if (wraps)
            _wrapped = WrappedReservation.Rent(_wrapped, at, (int)total);
        Span<byte> packet = wraps ? _wrapped!.Bytes : new Span<byte>(_data + at, (int)total);
        ref byte start = ref MemoryMarshal.GetReference(packet);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, length - 8), 0UL);
        Unsafe.WriteUnaligned(ref start, PacketDescriptor.Pack(PacketType.DataInBand, PacketDescriptor.Size, length, flags));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, 8), transactionId);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, length), PacketTrailer.Pack(at));
        payload = packet.Slice(PacketDescriptor.Size, payloadLength);
        _cursor.Next = Advance(at, total);
        _added++;
        if (wraps)
            _room = Room;
        return true;
    }

    /// <summary>Publishes what a batch appended, if it appended anything and no fault has taken it back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SignalNeed Publish()
    {
        int added = _added;
        if (added == 0)
            return SignalNeed.Nothing;
        if (_wrapped is not null)
            CopyInWrappedReservation();
        _added = 0;
        _packetsBehindFirst += added - 1;
        return Publish(_cursor.Committed, _cursor.Next);
    }

    /// <summary>Publishes what was appended: one exchange, one look at the mask and at the read index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SignalNeed Publish(uint committed, uint next)
    {
        _cursor.Committed = next;
        SignalNeed need = RingHandshake.PublishWrite(_control, committed, next);
        _needs.Count(need);
        return need;
    }

    /// <summary>Gives up what was appended and not published.</summary>
    internal void Revert()
    {
        _wrapped?.Clear();
        if (_added == 0)
            return;
        bool isFull = _fullAt == _cursor.Position;
        GoBackToCommitted();
        if (_fault is null)
            _room = Room;
        _fullAt = isFull ? _cursor.Position : NotFull;
    }

    private void GoBackToCommitted()
    {
        _cursor.GoBack();
        _added = 0;
    }

    /// <summary>Bytes of an in-band packet without its trailer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint LengthOf(int payloadLength) => ((uint)payloadLength + PacketDescriptor.Size + 7) & ~7u;

    /// <summary>The index behind a packet, whose room is taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Advance(uint at, uint total)
    {
        _room -= total;
        return _cursor.Advance(at, total, _size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteInPlace(uint at, ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags, uint length)
    {
        Debug.Assert(at < _size && at + length + PacketTrailer.Size <= _inPlaceEnd);
        byte* packet = _data + at;

        // The last 8 bytes first: the payload, or for none the transaction id, then covers all of them but its padding.
        // The payload last, so that little is kept across the call that copies a long one.
        if ((payload.Length & 7) != 0)
            Unsafe.WriteUnaligned(packet + length - 8, 0UL);
        Unsafe.WriteUnaligned(packet, PacketDescriptor.Pack(PacketType.DataInBand, PacketDescriptor.Size, length, flags));
        Unsafe.WriteUnaligned(packet + 8, transactionId);
        Unsafe.WriteUnaligned(packet + length, PacketTrailer.Pack(at));
        RingMemory.Copy(payload, ref packet[PacketDescriptor.Size]);
    }

    /// <summary>A write that is not the common case: several producers, no room as far as is known, around the end.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SignalNeed WriteAround(ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags)
    {
        if (IsPeerGone)
            return SignalNeed.Nothing;
        Enter();
        if (_batchOpen != 0)
            ThrowBatchOpen();
        try
        {
            return TryAppend(payload, transactionId, flags) ? Publish() : SignalNeed.Nothing;
        }
        finally
        {
            ExitQuietly();
        }
    }

    /// <summary>What the common case is not: no room as far as is known, or around the end of a ring that is mapped once.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAppendAround(ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags)
    {
        uint length = LengthOf(payload.Length);
        if (!TryMakeRoom(length + PacketTrailer.Size))
            return false;
        if (length + PacketTrailer.Size <= _room)
            return TryAppend(payload, transactionId, flags);
        AppendWrapped(PacketDescriptor.Pack(PacketType.DataInBand, PacketDescriptor.Size, length, flags), transactionId, [], payload, length);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AppendWrapped(ulong descriptor, ulong transactionId, ReadOnlySpan<byte> extendedHeader, ReadOnlySpan<byte> payload, uint length)
    {
        uint at = _cursor.Next;
        // A local, not a span of constants: those cost an allocation until the code that makes them is optimized.
        ulong padding = 0, trailer = PacketTrailer.Pack(at);
        ReadOnlySpan<ulong> head = [descriptor, transactionId];
        _memory.CopyIn(At(at, length - 8), MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in padding)));
        _memory.CopyIn(At(at, PacketDescriptor.Size + (uint)extendedHeader.Length), payload);
        _memory.CopyIn(At(at, PacketDescriptor.Size), extendedHeader);
        _memory.CopyIn(at, MemoryMarshal.AsBytes(head));
        _memory.CopyIn(At(at, length), MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in trailer)));
        _cursor.Next = Advance(at, length + PacketTrailer.Size);
        _added++;
        _room = Room;
    }

    private uint At(uint index, uint offset)
    {
        uint at = index + offset;
        return at >= _size ? at - _size : at;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CopyInWrappedReservation()
    {
        if (_wrapped!.Length == 0)
            return;
        _memory.CopyIn(_wrapped.Index, _wrapped.Bytes);
        _wrapped.Clear();
    }
}

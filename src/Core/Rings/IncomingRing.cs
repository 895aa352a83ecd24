// The reading side of a ring. Mirrors hv_pkt_iter_first, hv_pkt_iter_next and hv_pkt_iter_close (Linux
// drivers/hv/ring_buffer.c); validation as OpenVMM's parse_packet (vmbus_ring/src/lib.rs).
//
//   control page   read index ─┐                         write index (the writer's) ─┐       mask: no signals wanted
//                              │                                                     │
//   data   ──────────┬─────────┴───────────┬────────────────────┬────────────────────┴──────
//             free    taken in a batch       _readable, in place   _beyond: copied, or faulted
//                     _cursor.Committed    _cursor.Next
//
//   TryTake: enough readable? ─► descriptor and transaction id, read once ─► plain in-band packet that fits? ─► in place.
//   Commit: exchange of the read index, the one fence ─► does the writer wait for just this room? ─► signal.
//   All else goes through TakeAny (another type, a copy) or LookAround (nothing there, a wrap, an end, a fault).

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>
/// Reads packets from a ring, in place or as validated copies, in batches with one publication of the read index.
/// </summary>
/// <remarks>
/// <para>One consumer thread at a time. The memory must stay mapped while the ring is used.</para>
/// <para>Everything in the ring is read once and validated before use. An invalid value throws
/// <see cref="RingCorruptException"/> and faults the ring permanently.</para>
/// </remarks>
public sealed unsafe class IncomingRing
{
    // An in-band packet without extended header: type 6, offset 16. Length and the one defined flag are free.
    private const ulong PlainInBand = (ulong)PacketType.DataInBand | (PacketDescriptor.Size / 8 << 16);
    private const ulong PlainMask = ~(0xffffUL << 32 | (ulong)PacketFlags.CompletionRequested << 48);

    private const ulong NotPlain = ulong.MaxValue;

    private const uint Nothing = uint.MaxValue;
    private const uint LookFurther = 0;
    private const uint EndedByClose = 1;
    private const uint EndedByDispatcher = 2;
    private const uint SmallestPacket = PacketDescriptor.Size + PacketTrailer.Size;
    private const uint ValidFlags = (uint)PacketFlags.CompletionRequested;
    private const uint ValidTypes = 1u << (int)PacketType.DataInBand | 1u << (int)PacketType.DataUsingTransferPages
        | 1u << (int)PacketType.DataUsingGpaDirect | 1u << (int)PacketType.Completion;

    private readonly RingMemory _memory;
    private readonly RingControl _control;
    private readonly byte* _data;
    private readonly uint _size;
    private readonly uint _maxLength;
    private readonly uint _inPlaceEnd;  // where the data ends as it is mapped
    private readonly uint _most;        // the longest packet, with its trailer
    private readonly ulong _plain;      // PlainInBand, or where all is copied what no descriptor is: then TakeAny takes them

    private RingCursor _cursor;
    private uint _readable;     // what packets may take in place from _cursor.Next on, trailers included: see Split
    private uint _beyond;       // bytes published behind that, by the write index as last seen
    private ulong _anyDescriptor;
    private ulong _anyTransactionId;
    private byte[] _copy = [];
    private RingCorruptException? _fault;
    private volatile uint _ended;   // 0 while the ring may be read

    private int _taken;         // packets taken and not yet committed
    private long _commits;
    private long _packetsBehindFirst;   // of each commit: one packet a commit is then one count
    private long _writerSignals;

    /// <summary>Attaches to a ring as its reader.</summary>
    /// <param name="memory">The ring.</param>
    /// <param name="options">How it is read; <see langword="null"/> for the default.</param>
    /// <exception cref="RingCorruptException">The indices already in the control page are invalid.</exception>
    /// <exception cref="ArgumentException">The limit on packets is smaller than a descriptor.</exception>
    public IncomingRing(RingMemory memory, IncomingRingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= IncomingRingOptions.Default;
        if (options.MaxPacketLength is not 0 and < PacketDescriptor.Size)
            throw new ArgumentException($"A limit of {options.MaxPacketLength} bytes is less than a descriptor's {PacketDescriptor.Size}.", nameof(options));

        _memory = memory;
        _control = memory.Control;
        _data = memory.Data;
        _size = (uint)memory.DataSize;
        _inPlaceEnd = memory.IsDoubleMapped ? 2 * _size : _size;
        _maxLength = options.MaxPacketLength == 0 ? OutgoingRing.MaxPacketLength : (uint)options.MaxPacketLength;
        _most = _maxLength + PacketTrailer.Size;
        _plain = options.Trust == PeerTrust.Untrusted ? NotPlain : PlainInBand;

        uint read = _control.LoadReadIndex();
        if (RingIndex.CheckRead(read, _size) is not RingFault.None and var bad)
            ThrowCorrupt(bad, read, _size);
        _cursor = new RingCursor(read);
        Split(Available(_control.LoadWriteIndex()));
    }

    /// <summary>What a closed channel reads from: each look throws <see cref="ObjectDisposedException"/>.</summary>
    internal static IncomingRing Closed { get; } = new(RingMemory.Allocate(RingMemory.PageSize)) { _ended = EndedByClose, _beyond = uint.MaxValue };

    /// <summary>What batches read from while a dispatcher reads the channel: each look throws <see cref="InvalidOperationException"/>.</summary>
    internal static IncomingRing Taken { get; } = new(RingMemory.Allocate(RingMemory.PageSize)) { _ended = EndedByDispatcher, _beyond = uint.MaxValue };

    /// <summary>The memory.</summary>
    internal RingMemory Memory => _memory;

    /// <summary>Bytes in the data area.</summary>
    public int DataSize => (int)_size;

    /// <summary>Bytes in the ring that are not read yet, from shared memory; <see langword="null"/> if the indices there are impossible. Any thread.</summary>
    internal int? UsedBytes => RingIndex.Used(_control.LoadWriteIndex(), _control.LoadReadIndex(), _size);

    /// <summary>The error that faulted the ring, if one did.</summary>
    public RingCorruptException? CorruptionError => _fault;

    /// <summary>Called with the fault, once, by the thread that met it.</summary>
    internal Action<RingCorruptException>? Faulted { get; set; }

    /// <summary>Packets taken from the ring so far, counted when their room is given back.</summary>
    internal long PacketsCommitted => Volatile.Read(ref _commits) + Volatile.Read(ref _packetsBehindFirst);

    /// <summary>Starts reading: any number of packets, one publication of the read index.</summary>
    /// <returns>The batch. Packets that are not committed are read again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IncomingBatch ReadBatch() => new(this);

    /// <summary>
    /// The ring's channel is closed: once the packets seen before are used up, each call throws
    /// <see cref="ObjectDisposedException"/>. Any thread, at any time.
    /// </summary>
    internal void End() => _ended = EndedByClose;

    /// <summary>Whether a packet is available. Reads shared memory only after all packets known so far were read.</summary>
    /// <exception cref="RingCorruptException">The writer wrote an invalid index.</exception>
    public bool HasPackets => LookAround() != Nothing;

    /// <summary>
    /// Copies the next packet out and frees its room, for readers that read one packet at a time.
    /// </summary>
    /// <param name="destination">Where the payload goes.</param>
    /// <param name="payloadLength">
    /// Bytes of payload, a multiple of 8. If the payload does not fit, the packet stays and the call returns
    /// <see langword="false"/> (Linux's <c>ENOBUFS</c>).
    /// </param>
    /// <param name="transactionId">The packet's transaction id.</param>
    /// <param name="writerNeedsSignal">Whether the writer waits for room and must be signalled.</param>
    /// <returns>
    /// <see langword="true"/> when a packet was read. Otherwise <paramref name="payloadLength"/> is -1 for an empty
    /// ring, or the length that is needed.
    /// </returns>
    /// <exception cref="RingCorruptException">The writer wrote an invalid value.</exception>
    public bool TryRead(Span<byte> destination, out int payloadLength, out ulong transactionId, out bool writerNeedsSignal)
    {
        writerNeedsSignal = false;
        if (!TryTake(out RingPacket packet))
        {
            payloadLength = -1;
            transactionId = 0;
            return false;
        }

        ReadOnlySpan<byte> payload = packet.Payload;
        payloadLength = payload.Length;
        transactionId = packet.TransactionId;
        if (payloadLength > destination.Length)
        {
            Revert();
            return false;
        }

        RingMemory.Copy(payload, ref MemoryMarshal.GetReference(destination));
        writerNeedsSignal = Publish();
        return true;
    }

    /// <summary>Tells the writer that this side polls the ring: no signals until <see cref="UnmaskInterrupt"/>.</summary>
    public void MaskInterrupt() => RingHandshake.Mask(_control);

    /// <summary>Whether this end asks for no signals, because it reads.</summary>
    internal bool IsInterruptMasked => _control.LoadInterruptMask() != 0;

    /// <summary>
    /// Tells the writer to signal again, then checks the ring once more: packets that arrived while masked got no signal.
    /// </summary>
    /// <returns>
    /// <see langword="true"/> when packets are available: mask again and read them; no signal will arrive for them.
    /// </returns>
    /// <exception cref="RingCorruptException">The writer wrote an invalid index.</exception>
    public bool UnmaskInterrupt()
    {
        ThrowIfFaulted();
        uint available = Available(RingHandshake.Unmask(_control));
        Split(available);
        return available != 0;
    }

    /// <summary>What was counted. A snapshot: exact only while no thread reads.</summary>
    internal IncomingRingStatistics GetStatistics() => new(PacketsCommitted, _cursor.Bytes(_size), _commits, _writerSignals);

    /// <summary>Takes the next packet, in place where that is allowed and possible.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake(out RingPacket packet)
    {
        uint at = _cursor.Next;
        uint readable = _readable;
        if (readable < SmallestPacket && (readable = Look(at)) == Nothing)
        {
            packet = default;
            return false;
        }

        if (readable >= SmallestPacket)
        {
            ref byte start = ref Unsafe.AsRef<byte>(_data + at);
            ulong descriptor = Unsafe.ReadUnaligned<ulong>(ref start);
            ulong transactionId = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, 8));
            uint length = PacketDescriptor.LengthIn(descriptor);
            Debug.Assert(at < _size && at + readable <= _inPlaceEnd);
            if ((descriptor & PlainMask) == _plain
                && length - PacketDescriptor.Size <= readable - SmallestPacket)
            {
                packet = new RingPacket(ref start, descriptor, transactionId);
                _readable = readable - length - PacketTrailer.Size;
                _taken++;
                _cursor.Next = _cursor.Advance(at, length + PacketTrailer.Size, _size);
                return true;
            }
        }

        // What was read here is not used there: where packets are copied, only what TakeAny reads counts.
        // Not by an out parameter: the caller's packet would have an address then, and no register.
        ref readonly byte any = ref TakeAny(at, readable);
        packet = new RingPacket(in any, _anyDescriptor, _anyTransactionId);
        return !Unsafe.IsNullRef(in any);
    }

    /// <summary>Gives the room of what was taken back to the writer; says whether it waits for room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Publish()
    {
        int taken = _taken;
        if (taken == 0)
            return false;
        uint committed = _cursor.Committed;
        uint next = _cursor.Next;
        _cursor.Committed = next;
        bool signal = RingHandshake.PublishRead(_control, committed, next, _size);
        _taken = 0;
        _commits++;
        if (taken != 1)
            _packetsBehindFirst += taken - 1;
        if (signal)
            _writerSignals++;
        return signal;
    }

    /// <summary>Goes back to what was committed: the packets taken since will be taken again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Revert()
    {
        if (_taken != 0)
            GoBackToCommitted();
    }

    private void GoBackToCommitted()
    {
        // What is available from there is read again. It must not be added up: a write index seen inside the batch that
        // lies behind what was taken would make it more than the ring holds.
        _readable = 0;
        _taken = 0;
        _cursor.GoBack();
        if (_fault is null)
            _beyond = 0;
    }

    /// <summary>The whole check of a descriptor.</summary>
    private bool IsSound(ulong descriptor, uint available, out uint type, out uint length)
    {
        type = PacketDescriptor.TypeIn(descriptor);
        uint offset = PacketDescriptor.DataOffsetIn(descriptor);
        length = PacketDescriptor.LengthIn(descriptor);
        uint flags = PacketDescriptor.FlagsIn(descriptor);
        return offset >= PacketDescriptor.Size
            && offset <= length
            && length + PacketTrailer.Size <= available
            && length <= _maxLength
            && type <= 31 && (ValidTypes >> (int)type & 1) != 0
            && (flags & ~ValidFlags) == 0;
    }

    /// <summary>
    /// Takes a packet of any type from any memory. What may not stay in place is copied out: the descriptor and the transaction
    /// id into locals, once, and the rest behind them, so that the writer can change none of what was checked.
    /// </summary>
    /// <param name="at">The index of the packet.</param>
    /// <param name="readable">What may be read in place from there on, by a write index that was checked; less than a packet if that is not known.</param>
    /// <returns>Where the packet is; null when there is none.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref readonly byte TakeAny(uint at, uint readable)
    {
        if (readable < SmallestPacket)
        {
            if (!SeesPacket())
                return ref Unsafe.NullRef<byte>();
            readable = _readable;
        }

        if (_plain == NotPlain && readable >= SmallestPacket)
        {
            // The common copy: in one piece, and no longer than one before.
            ulong plain = Unsafe.ReadUnaligned<ulong>(_data + at);
            uint whole = PacketDescriptor.LengthIn(plain);
            byte[] copy = _copy;
            if ((plain & PlainMask) == PlainInBand && whole - PacketDescriptor.Size <= readable - SmallestPacket && whole <= (uint)copy.Length)
            {
                _anyDescriptor = plain;
                _anyTransactionId = Unsafe.ReadUnaligned<ulong>(_data + at + 8);
                ref byte start = ref MemoryMarshal.GetArrayDataReference(copy);
                RingMemory.Copy(new ReadOnlySpan<byte>(_data + at + PacketDescriptor.Size, (int)whole - PacketDescriptor.Size), ref Unsafe.Add(ref start, PacketDescriptor.Size));
                _readable = readable - whole - PacketTrailer.Size;
                _taken++;
                _cursor.Next = _cursor.Advance(at, whole + PacketTrailer.Size, _size);
                return ref start;
            }
        }

        // What Look saw is not kept: it is looked for again.
        if (!SeesPacket())
            return ref Unsafe.NullRef<byte>();

        // Both are 8-byte aligned: only between them can the data end.
        uint second = at + 8 == _inPlaceEnd ? 0 : at + 8;
        ulong descriptor = Unsafe.ReadUnaligned<ulong>(_data + at);
        _anyDescriptor = descriptor;
        _anyTransactionId = Unsafe.ReadUnaligned<ulong>(_data + second);
        return ref TakeChecked(at, _readable + _beyond, descriptor);
    }

    // By the write index as last seen, as long as it reaches; an amount that cannot be is the mark of a fault.
    private bool SeesPacket() => _readable + _beyond - SmallestPacket < _size || LookAround() != Nothing;

    /// <summary>The rest of <see cref="TakeAny"/>: a packet that is not plain, that wraps, that is longer than any before, or in place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref readonly byte TakeChecked(uint at, uint available, ulong descriptor)
    {
        if (!IsSound(descriptor, available, out uint type, out uint length))
            ThrowUnsound(descriptor, available);

        ref readonly byte start = ref _plain == PlainInBand && at + length <= _inPlaceEnd
            ? ref Unsafe.AsRef<byte>(_data + at)
            : ref MemoryMarshal.GetReference(CopyOfBody(at, length));
        if (type is not ((uint)PacketType.DataInBand or (uint)PacketType.Completion))
            CheckRanges(new RingPacket(in start, descriptor, _anyTransactionId));
        _cursor.Next = _cursor.Advance(at, length + PacketTrailer.Size, _size);
        Split(available - length - PacketTrailer.Size);
        _taken++;
        return ref start;
    }

    /// <summary>A private copy of a packet's bytes; those of the descriptor were copied before and are left out.</summary>
    private Span<byte> CopyOfBody(uint at, uint length)
    {
        // Never longer than the limit on packets: what fits into it needs no check against that.
        if (_copy.Length < length)
            _copy = GC.AllocateUninitializedArray<byte>((int)Math.Min(Math.Max(length, (uint)_copy.Length * 2), Math.Min(_size, _maxLength)));
        Span<byte> bytes = _copy.AsSpan(0, (int)length);
        uint body = at + PacketDescriptor.Size;
        _memory.CopyOut(body >= _size ? body - _size : body, bytes[PacketDescriptor.Size..]);
        return bytes;
    }

    /// <summary>
    /// What one comparison of the hot path stands for: no more than is published, than lies in one piece, than the
    /// limit on packets. Each packet takes as much off the first two as it is long, so that the least of them stays a
    /// limit until it is reached; then it is computed again. Where packets are copied none passes the comparison of types.
    /// </summary>
    private void Split(uint available)
    {
        _readable = Math.Min(available, Math.Min(_inPlaceEnd - _cursor.Next, _most));
        _beyond = available - _readable;
    }

    /// <summary>What is readable now that the packets seen before are used up, by the write index as it stands.</summary>
    /// <returns>
    /// Bytes that may be read in place, <see cref="Nothing"/> when no packet waits, or <see cref="LookFurther"/>: only
    /// <see cref="TakeAny"/> can tell.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Look(uint next)
    {
        // Nothing is stored here: what stands in the store buffer holds up the exchange that gives the room back.
        uint write = _control.LoadWriteIndex();
        uint available = RingHandshake.Distance(next, write, _size);
        if ((_beyond | available | _ended) == 0)
            return Nothing;
        if ((_beyond | _ended | (uint)_taken) != 0 || write >= _size || (write & 7) != 0
            || available < SmallestPacket || available > Math.Min(_inPlaceEnd - next, _most))
            return LookFurther;
        return available;
    }

    /// <summary>What is not the common case: nothing there, packets left that may not stay in place, a fault old or new.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint LookAround()
    {
        ThrowIfFaulted();
        uint available = _readable + _beyond;
        if (available == 0)
            available = Available(_control.LoadWriteIndex());
        Split(available);
        return available == 0 ? Nothing : _readable;
    }

    /// <summary>
    /// How far a write index from shared memory is ahead: a valid one, and a whole packet, or the ring is faulted. What was
    /// taken and not committed counts: its room is not the writer's, and a batch ends where the ring does.
    /// </summary>
    private uint Available(uint write)
    {
        uint available = RingHandshake.Distance(_cursor.Next, write, _size);
        uint taken = RingHandshake.Distance(_cursor.Committed, _cursor.Next, _size);
        if (write >= _size || (write & 7) != 0 || available is not 0 and < SmallestPacket || available + taken >= _size)
            ThrowBadWriteIndex(write);
        return available;
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowBadWriteIndex(uint write)
    {
        if (RingIndex.CheckWrite(write, _size) is not RingFault.None and var bad)
            ThrowCorrupt(bad, write, _size);
        if (RingHandshake.Distance(_cursor.Next, write, _size) + RingHandshake.Distance(_cursor.Committed, _cursor.Next, _size) >= _size)
            ThrowCorrupt(RingFault.WriteIndexPassedReader, write, _cursor.Committed);
        ThrowCorrupt(RingFault.TruncatedPacket, RingHandshake.Distance(_cursor.Next, write, _size), SmallestPacket);
    }

    private void CheckRanges(scoped in RingPacket packet)
    {
        RingFault fault = RangeCheck.Check(packet, out ulong value, out ulong limit);
        if (fault != RingFault.None)
            ThrowCorrupt(fault, value, limit);
    }

    /// <summary>Says which of the checks of <see cref="IsSound"/> failed.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowUnsound(ulong descriptor, uint available)
    {
        uint type = PacketDescriptor.TypeIn(descriptor);
        uint offset = PacketDescriptor.DataOffsetIn(descriptor);
        uint length = PacketDescriptor.LengthIn(descriptor);
        uint flags = PacketDescriptor.FlagsIn(descriptor);
        if (available < SmallestPacket)
            ThrowCorrupt(RingFault.TruncatedPacket, available, SmallestPacket);
        if (length < PacketDescriptor.Size)
            ThrowCorrupt(RingFault.PacketTooShort, length, PacketDescriptor.Size);
        if (length + PacketTrailer.Size > available)
            ThrowCorrupt(RingFault.PacketTooLong, length, available - PacketTrailer.Size);
        if (length > _maxLength)
            ThrowCorrupt(RingFault.PacketOverLimit, length, _maxLength);
        if (offset < PacketDescriptor.Size || offset > length)
            ThrowCorrupt(RingFault.DataOffsetOutOfRange, offset, length);
        if (type > 31 || (ValidTypes >> (int)type & 1) == 0)
            ThrowCorrupt(RingFault.UnknownPacketType, type, 0);
        ThrowCorrupt(RingFault.UnknownPacketFlags, flags, ValidFlags);
    }

    private void ThrowIfEnded()
    {
        if (_ended == EndedByClose)
            throw new ObjectDisposedException(null, "The channel is closed.");
        if (_ended == EndedByDispatcher)
            throw new InvalidOperationException("ReadAllAsync or RequestAsync waits for packets of this channel: it cannot be read by batch at the same time.");
    }

    private void ThrowIfFaulted()
    {
        ThrowIfEnded();
        if (_fault is { } fault)
            throw new RingCorruptException(fault.Fault, fault.Value, fault.Limit, fault.Index);
    }

    [DoesNotReturn]
    private void ThrowCorrupt(RingFault fault, ulong value, ulong limit)
    {
        // A closed channel's ring lies in pages of zeros, which are no corruption.
        ThrowIfEnded();

        // Nothing readable, and something beyond: each further read comes to LookAround, which throws, so that the hot
        // path needs no check of its own.
        _readable = 0;
        _beyond = uint.MaxValue;
        _fault = new RingCorruptException(fault, value, limit, _cursor.Next);
        Faulted?.Invoke(_fault);
        throw _fault;
    }
}

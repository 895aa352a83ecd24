// The reading side of a ring. Mirrors hv_pkt_iter_first, hv_pkt_iter_next and hv_pkt_iter_close (Linux
// drivers/hv/ring_buffer.c); validation as OpenVMM's parse_packet (vmbus_ring/src/lib.rs).

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Rings;

/// <summary>
/// Reads packets from a ring: in place or as validated copies, in batches, with one publication of the read index.
/// </summary>
/// <remarks>
/// <para>One consumer thread at a time. The memory must stay mapped while the ring is used.</para>
/// <para>Whatever the writer puts into the ring is read once and validated before use. What no correct writer writes
/// throws <see cref="RingCorruptException"/> and faults the ring for good.</para>
/// </remarks>
public sealed unsafe class IncomingRing
{
    private const uint SmallestPacket = OutgoingRing.DescriptorLength + OutgoingRing.TrailerLength;
    private const uint ValidFlags = (uint)PacketFlags.CompletionRequested;
    private const uint ValidTypes = 1u << (int)PacketType.DataInBand | 1u << (int)PacketType.DataUsingTransferPages
        | 1u << (int)PacketType.DataUsingGpaDirect | 1u << (int)PacketType.Completion;

    private readonly RingMemory _memory;
    private readonly RingControl _control;
    private readonly byte* _data;
    private readonly uint _size;
    private readonly uint _maxLength;
    private readonly bool _doubleMapped;
    private readonly bool _copiesAlways;

    private uint _committed;    // the read index the writer knows
    private uint _next;         // where the next packet begins: ahead of _committed inside a batch
    private uint _available;    // bytes published from _next on, by the write index as last seen
    private byte[] _copy = [];
    private RingCorruptException? _fault;

    private long _packets;
    private long _packetsCommitted;
    private long _bytes;
    private long _commits;
    private long _writerSignals;

    /// <summary>Stands on a ring as its reader.</summary>
    /// <param name="memory">The ring.</param>
    /// <param name="options">How it is read; <see langword="null"/> for the default.</param>
    /// <exception cref="RingCorruptException">The indices already in the control page are impossible.</exception>
    /// <exception cref="ArgumentException">The limit on packets is smaller than a descriptor.</exception>
    public IncomingRing(RingMemory memory, IncomingRingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= IncomingRingOptions.Default;
        if (options.MaxPacketLength is not 0 and < OutgoingRing.DescriptorLength)
            throw new ArgumentException($"A limit of {options.MaxPacketLength} bytes is less than a descriptor's {OutgoingRing.DescriptorLength}.", nameof(options));

        _memory = memory;
        _control = memory.Control;
        _data = memory.Data;
        _size = (uint)memory.DataSize;
        _doubleMapped = memory.IsDoubleMapped;
        _copiesAlways = options.Trust == PeerTrust.Untrusted;
        _maxLength = options.MaxPacketLength == 0 ? OutgoingRing.MaxPacketLength : (uint)options.MaxPacketLength;

        uint read = _control.LoadReadIndex();
        if (RingIndex.CheckRead(read, _size) is not RingFault.None and var bad)
            ThrowCorrupt(bad, read, _size);
        _committed = _next = read;
        SawWriteIndex(_control.LoadWriteIndex());
    }

    /// <summary>Bytes in the data area.</summary>
    public int DataSize => (int)_size;

    /// <summary>The error that faulted the ring, if one did.</summary>
    public RingCorruptException? CorruptionError => _fault;

    /// <summary>Packets taken from the ring so far, counted when their room is given back.</summary>
    internal long PacketsCommitted => Volatile.Read(ref _packetsCommitted);

    /// <summary>Starts reading: any number of packets, one publication of the read index.</summary>
    /// <returns>The batch; what is not committed will be read again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IncomingBatch ReadBatch() => new(this);

    /// <summary>Whether a packet waits. Looks at shared memory only when the packets seen before are used up.</summary>
    /// <exception cref="RingCorruptException">The writer wrote an impossible index.</exception>
    public bool HasPackets => _available != 0 || Refresh() != 0;

    /// <summary>
    /// Copies the next packet out and gives its room back: for readers that take one packet at a time.
    /// </summary>
    /// <param name="destination">Where the payload goes.</param>
    /// <param name="payloadLength">
    /// Bytes of payload, a multiple of 8. When more than fit, the packet stays and the call returns
    /// <see langword="false"/> (Linux's <c>ENOBUFS</c>).
    /// </param>
    /// <param name="transactionId">The packet's transaction id.</param>
    /// <param name="writerNeedsSignal">Whether the writer waits for room and must be signalled.</param>
    /// <returns>
    /// <see langword="true"/> when a packet was taken. When not, <paramref name="payloadLength"/> is -1 for an empty
    /// ring, or the length needed.
    /// </returns>
    /// <exception cref="RingCorruptException">The writer wrote something impossible.</exception>
    public bool TryRead(Span<byte> destination, out int payloadLength, out ulong transactionId, out bool writerNeedsSignal)
    {
        using IncomingBatch batch = ReadBatch();
        writerNeedsSignal = false;
        if (!batch.TryNext(out RingPacket packet))
        {
            payloadLength = -1;
            transactionId = 0;
            return false;
        }

        payloadLength = packet.Payload.Length;
        transactionId = packet.TransactionId;
        if (payloadLength > destination.Length)
            return false;
        packet.Payload.CopyTo(destination);
        writerNeedsSignal = batch.Commit();
        return true;
    }

    /// <summary>Tells the writer that this side looks at the ring by itself: no signals until <see cref="UnmaskInterrupt"/>.</summary>
    public void MaskInterrupt() => RingHandshake.Mask(_control);

    /// <summary>
    /// Tells the writer to signal again, then looks once more: packets that came while masked got no signal.
    /// </summary>
    /// <returns><see langword="true"/> when packets wait: mask again and read them; no signal will come for them.</returns>
    /// <exception cref="RingCorruptException">The writer wrote an impossible index.</exception>
    public bool UnmaskInterrupt()
    {
        ThrowIfFaulted();
        SawWriteIndex(RingHandshake.Unmask(_control));
        return _available != 0;
    }

    /// <summary>What was counted. A snapshot: exact only while nobody reads.</summary>
    public IncomingRingStatistics GetStatistics() => new(_packetsCommitted, _bytes, _commits, _writerSignals);

    /// <summary>Takes the next packet, in place where that is allowed and possible.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake(out RingPacket packet)
    {
        uint available = _available;
        if (available == 0 && (available = Refresh()) == 0)
        {
            packet = default;
            return false;
        }

        uint at = _next;
        if (_copiesAlways || (!_doubleMapped && at + OutgoingRing.DescriptorLength > _size))
            return TakeCopy(at, available, out packet);

        byte* start = _data + at;
        ulong descriptor = Unsafe.ReadUnaligned<ulong>(start);
        ulong transactionId = Unsafe.ReadUnaligned<ulong>(start + 8);
        if (!IsSound(descriptor, available, out uint type, out uint offset, out uint length))
            ThrowUnsound(descriptor, available);
        if (!_doubleMapped && at + length > _size)
            return TakeCopy(at, available, out packet);

        Debug.Assert(at + length <= (_doubleMapped ? 2 * _size : _size));
        packet = new RingPacket(descriptor, transactionId, new ReadOnlySpan<byte>(start, (int)length), (int)offset);
        if (type is not ((uint)PacketType.DataInBand or (uint)PacketType.Completion))
            CheckRanges(packet);
        Advance(at, length + OutgoingRing.TrailerLength);
        return true;
    }

    /// <summary>Gives the room of what was taken back to the writer; says whether it waits for room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Publish()
    {
        uint committed = _committed;
        uint next = _next;
        if (committed == next)
            return false;

        _committed = next;
        bool signal = RingHandshake.PublishRead(_control, committed, next, _size);
        _bytes += RingHandshake.Distance(committed, next, _size);
        Volatile.Write(ref _packetsCommitted, _packets);
        _commits++;
        if (signal)
            _writerSignals++;
        return signal;
    }

    /// <summary>Goes back to what was committed: the packets taken since will be taken again.</summary>
    internal void Revert()
    {
        // What is available from there is asked anew. It must not be added up: a write index seen inside the batch that
        // lies behind what was taken would make it more than the ring holds.
        _available = 0;
        _next = _committed;
        _packets = _packetsCommitted;
    }

    /// <summary>The whole check of a descriptor, without a branch until the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsSound(ulong descriptor, uint available, out uint type, out uint offset, out uint length)
    {
        type = (ushort)descriptor;
        offset = (uint)(ushort)(descriptor >> 16) * 8;
        length = (uint)(ushort)(descriptor >> 32) * 8;
        uint flags = (uint)(descriptor >> 48);
        bool bad = (offset < OutgoingRing.DescriptorLength)
            | (offset > length)
            | (length + OutgoingRing.TrailerLength > available)
            | (length > _maxLength)
            | (type > 31) | ((ValidTypes >> (int)type & 1) == 0)
            | ((flags & ~ValidFlags) != 0);
        return !bad;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(uint at, uint total)
    {
        uint next = at + total;
        _next = next >= _size ? next - _size : next;
        _available -= total;
        _packets++;
    }

    /// <summary>Copies the packet out, header first, and hands out the copy: the writer can change it no more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TakeCopy(uint at, uint available, out RingPacket packet)
    {
        Span<ulong> head = stackalloc ulong[2];
        if (available >= SmallestPacket)
            _memory.CopyOut(at, MemoryMarshal.AsBytes(head));
        ulong descriptor = head[0];
        if (!IsSound(descriptor, available, out uint type, out uint offset, out uint length))
            ThrowUnsound(descriptor, available);

        if (_copy.Length < length)
            _copy = GC.AllocateUninitializedArray<byte>((int)Math.Min(Math.Max(length, (uint)_copy.Length * 2), Math.Min(_size, _maxLength)));
        Span<byte> bytes = _copy.AsSpan(0, (int)length);
        uint body = at + OutgoingRing.DescriptorLength;
        _memory.CopyOut(body >= _size ? body - _size : body, bytes[OutgoingRing.DescriptorLength..]);
        packet = new RingPacket(descriptor, head[1], bytes, (int)offset);
        if (type is not ((uint)PacketType.DataInBand or (uint)PacketType.Completion))
            CheckRanges(packet);
        Advance(at, length + OutgoingRing.TrailerLength);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint Refresh()
    {
        ThrowIfFaulted();
        SawWriteIndex(_control.LoadWriteIndex());
        return _available;
    }

    /// <summary>Takes a write index from shared memory: valid and a whole packet ahead, or the ring is faulted.</summary>
    private void SawWriteIndex(uint write)
    {
        if (RingIndex.CheckWrite(write, _size) is not RingFault.None and var bad)
            ThrowCorrupt(bad, write, _size);
        uint available = RingHandshake.Distance(_next, write, _size);
        if (available is not 0 and < SmallestPacket)
            ThrowCorrupt(RingFault.TruncatedPacket, available, SmallestPacket);
        _available = available;
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
        uint type = (ushort)descriptor;
        uint offset = (uint)(ushort)(descriptor >> 16) * 8;
        uint length = (uint)(ushort)(descriptor >> 32) * 8;
        uint flags = (uint)(descriptor >> 48);
        if (available < SmallestPacket)
            ThrowCorrupt(RingFault.TruncatedPacket, available, SmallestPacket);
        if (length < OutgoingRing.DescriptorLength)
            ThrowCorrupt(RingFault.PacketTooShort, length, OutgoingRing.DescriptorLength);
        if (length + OutgoingRing.TrailerLength > available)
            ThrowCorrupt(RingFault.PacketTooLong, length, available - OutgoingRing.TrailerLength);
        if (length > _maxLength)
            ThrowCorrupt(RingFault.PacketOverLimit, length, _maxLength);
        if (offset < OutgoingRing.DescriptorLength || offset > length)
            ThrowCorrupt(RingFault.DataOffsetOutOfRange, offset, length);
        if (type > 31 || (ValidTypes >> (int)type & 1) == 0)
            ThrowCorrupt(RingFault.UnknownPacketType, type, 0);
        ThrowCorrupt(RingFault.UnknownPacketFlags, flags, ValidFlags);
    }

    private void ThrowIfFaulted()
    {
        if (_fault is { } fault)
            throw new RingCorruptException(fault.Fault, fault.Value, fault.Limit, fault.Index);
    }

    [DoesNotReturn]
    private void ThrowCorrupt(RingFault fault, ulong value, ulong limit)
    {
        // With nothing available each further read comes to Refresh, which throws: the hot path needs no check.
        _available = 0;
        throw _fault = new RingCorruptException(fault, value, limit, _next);
    }
}

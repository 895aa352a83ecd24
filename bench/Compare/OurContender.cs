using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Compare;

/// <summary>Our rings: read in place, or between sides that do not trust each other, each packet copied out before it is looked at.</summary>
/// <remarks>The loops are compiled once, fully: what they call is tiered as in any program.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class OurContender : IContender
{
    private readonly RingPair _rings;
    private readonly Case _case;
    private readonly byte[] _payload;
    private readonly OutgoingRing _there;
    private readonly IncomingRing _thereIn;
    private readonly OutgoingRing _back;
    private readonly IncomingRing _backIn;

    public OurContender(Case @case, byte[] payload, PeerTrust trust)
    {
        _case = @case;
        _payload = payload;
        _rings = new RingPair(@case.RingSize);
        var options = new IncomingRingOptions { Trust = trust };
        RingMemory there = View(_rings.There);
        RingMemory back = View(_rings.Back);
        _there = new OutgoingRing(there);
        _backIn = new IncomingRing(back, options);
        _thereIn = new IncomingRing(there, options);
        _back = new OutgoingRing(back);
    }

    public void Dispose() => _rings.Dispose();

    public long Alone(int count) => _case.Shape == Shape.Batch ? Batches(count, _case.Batch) : Pairs(count);

    public long First(int count) => _case.Shape switch
    {
        Shape.PingPong => PingPong(_there, _backIn, count, first: true),
        Shape.AcrossOne => Produce(count),
        _ => ProduceBatches(count, _case.Batch),
    };

    public long Second(int count) => _case.Shape switch
    {
        Shape.PingPong => PingPong(_back, _thereIn, count, first: false),
        Shape.AcrossOne => Consume(count),
        _ => ConsumeBatches(count, _case.Batch),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Sum(in RingPacket packet) => (long)packet.TransactionId + packet.Payload[^1];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Pairs(int count)
    {
        OutgoingRing outgoing = _there;
        IncomingRing incoming = _thereIn;
        ReadOnlySpan<byte> payload = _payload;
        long seen = 0;
        for (int i = 0; i < count; i++)
        {
            if (!outgoing.TryWrite(payload, (ulong)i, PacketFlags.None, out _))
                return -1;
            using IncomingBatch batch = incoming.ReadBatch();
            if (!batch.TryNext(out RingPacket packet))
                return -2;
            seen += Sum(packet);
            batch.Commit();
        }

        return seen;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Batches(int count, int packets)
    {
        OutgoingRing outgoing = _there;
        IncomingRing incoming = _thereIn;
        ReadOnlySpan<byte> payload = _payload;
        long seen = 0;
        for (int i = 0; i < count; i += packets)
        {
            using OutgoingBatch written = outgoing.BeginBatch();
            for (int j = 0; j < packets; j++)
            {
                if (!written.TryAdd(payload, (ulong)(i + j)))
                    return -1;
            }

            written.Commit();
            using IncomingBatch batch = incoming.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
                seen += Sum(packet);
            batch.Commit();
        }

        return seen;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Produce(int count)
    {
        OutgoingRing outgoing = _there;
        ReadOnlySpan<byte> payload = _payload;
        for (int i = 0; i < count; i++)
        {
            while (!outgoing.TryWrite(payload, (ulong)i, PacketFlags.None, out _))
                Pause.Once();
        }

        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Consume(int count)
    {
        IncomingRing incoming = _thereIn;
        long seen = 0;
        for (int i = 0; i < count;)
        {
            using IncomingBatch batch = incoming.ReadBatch();
            if (!batch.TryNext(out RingPacket packet))
            {
                Pause.Once();
                continue;
            }

            seen += Sum(packet);
            batch.Commit();
            i++;
        }

        return seen;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long ProduceBatches(int count, int packets)
    {
        OutgoingRing outgoing = _there;
        ReadOnlySpan<byte> payload = _payload;
        for (int i = 0; i < count;)
        {
            int end = Math.Min(i + packets, count);
            using OutgoingBatch batch = outgoing.BeginBatch();
            int before = i;
            while (i < end && batch.TryAdd(payload, (ulong)i))
                i++;
            if (i == before)
                Pause.Once();
            else
                batch.Commit();
        }

        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long ConsumeBatches(int count, int packets)
    {
        IncomingRing incoming = _thereIn;
        long seen = 0;
        for (int i = 0; i < count;)
        {
            using IncomingBatch batch = incoming.ReadBatch();
            int taken = 0;
            while (taken < packets && batch.TryNext(out RingPacket packet))
            {
                seen += Sum(packet);
                taken++;
            }

            if (taken == 0)
                Pause.Once();
            else
                batch.Commit();
            i += taken;
        }

        return seen;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long PingPong(OutgoingRing outgoing, IncomingRing incoming, int count, bool first)
    {
        ReadOnlySpan<byte> payload = _payload;
        long seen = 0;
        for (int i = 0; i < count; i++)
        {
            if (first && !outgoing.TryWrite(payload, (ulong)i, PacketFlags.None, out _))
                return -1;
            using IncomingBatch batch = incoming.ReadBatch();
            RingPacket packet;
            while (!batch.TryNext(out packet))
                Pause.Once();
            seen += Sum(packet);
            batch.Commit();
            if (!first && !outgoing.TryWrite(payload, (ulong)i, PacketFlags.None, out _))
                return -1;
        }

        return seen;
    }

    private static RingMemory View(MappedRing ring)
        => RingMemory.FromAddress(ring.ControlAddress, ring.DataAddress, ring.DataSize, isDoubleMapped: true, ring);
}

using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Interop.Linux;
using VmBus.Rings;

namespace VmBus.Compare;

/// <summary>Our rings between sides that do not trust each other: every packet is copied out before it is looked at.</summary>
[SupportedOSPlatform("linux")]
internal sealed class OurCopyContender : IContender
{
    private readonly RingPair _rings;
    private readonly Case _case;
    private readonly byte[] _payload;
    private readonly byte[] _buffer;
    private readonly OutgoingRing _outgoing;
    private readonly IncomingRing _incoming;

    public OurCopyContender(Case @case, byte[] payload)
    {
        _case = @case;
        _payload = payload;
        _buffer = new byte[payload.Length];
        _rings = new RingPair(@case.RingSize);
        MappedRing ring = _rings.There;
        RingMemory memory = RingMemory.FromAddress(ring.ControlAddress, ring.DataAddress, ring.DataSize, isDoubleMapped: true, ring);
        _outgoing = new OutgoingRing(memory);
        _incoming = new IncomingRing(memory, new IncomingRingOptions { Trust = PeerTrust.Untrusted });
    }

    public void Dispose() => _rings.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public long Alone(int count)
    {
        int packets = _case.Batch;
        long seen = 0;
        for (int i = 0; i < count; i += packets)
        {
            using OutgoingBatch written = _outgoing.BeginBatch();
            for (int j = 0; j < packets; j++)
            {
                if (!written.TryAdd(_payload, (ulong)(i + j)))
                    return -1;
            }

            written.Commit();
            using IncomingBatch batch = _incoming.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
                seen += (long)packet.TransactionId + packet.Payload[^1];
            batch.Commit();
        }

        return seen;
    }

    public long First(int count) => throw new NotSupportedException("One thread only.");

    public long Second(int count) => throw new NotSupportedException("One thread only.");
}

using BenchmarkDotNet.Attributes;

namespace VmBus.Benchmarks;

/// <summary>Packets by the batch: one publication and one fence for all of them. Figures are per packet.</summary>
public class RingBatch
{
    private const int Packets = 32;

    private BenchRing _ring = null!;
    private byte[] _payload = [];

    [Params(16, 64, 256, 1024)]
    public int Payload { get; set; }

    [ParamsAllValues]
    public Mapping Mapping { get; set; }

    [ParamsAllValues]
    public PeerTrust Trust { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _ring = new BenchRing(1024 * 1024, Mapping, Trust);
        _payload = new byte[Payload];
        new Random(1).NextBytes(_payload);
    }

    [GlobalCleanup]
    public void Cleanup() => _ring.Dispose();

    /// <summary>The payload is copied into the ring.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public ulong Added()
    {
        using OutgoingBatch batch = _ring.Outgoing.BeginBatch();
        for (ulong i = 0; i < Packets; i++)
            batch.TryAdd(_payload, i);
        batch.Commit();
        return Drain();
    }

    /// <summary>The payload is made in the ring.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public ulong Reserved()
    {
        using OutgoingBatch batch = _ring.Outgoing.BeginBatch();
        for (ulong i = 0; i < Packets; i++)
        {
            if (batch.TryReserve(Payload, out Span<byte> payload, i))
                payload.Fill((byte)i);
        }

        batch.Commit();
        return Drain();
    }

    private ulong Drain()
    {
        ulong seen = 0;
        using IncomingBatch batch = _ring.Incoming.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            seen += packet.TransactionId + packet.Payload[^1];
        batch.Commit();
        return seen;
    }
}

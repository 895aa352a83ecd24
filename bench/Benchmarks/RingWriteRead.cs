using BenchmarkDotNet.Attributes;
using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>One packet through a ring: written, published, read, its room given back.</summary>
public class RingWriteRead
{
    private BenchRing _ring = null!;
    private byte[] _payload = [];
    private byte[] _destination = [];

    [Params(16, 64, 256, 1024, 4096)]
    public int Payload { get; set; }

    [Params(64, 1024)]
    public int RingKiB { get; set; }

    [ParamsAllValues]
    public Mapping Mapping { get; set; }

    [ParamsAllValues]
    public PeerTrust Trust { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _ring = new BenchRing(RingKiB * 1024, Mapping, Trust);
        _payload = new byte[Payload];
        _destination = new byte[Payload];
        new Random(1).NextBytes(_payload);
    }

    [GlobalCleanup]
    public void Cleanup() => _ring.Dispose();

    /// <summary>The reader looks at the payload where it lies (or at the validated copy).</summary>
    [Benchmark]
    public ulong InPlace()
    {
        _ring.Outgoing.TryWrite(_payload, 1, PacketFlags.None, out _);
        using IncomingBatch batch = _ring.Incoming.ReadBatch();
        batch.TryNext(out RingPacket packet);
        ulong seen = packet.TransactionId + packet.Payload[^1];
        batch.Commit();
        return seen;
    }

    /// <summary>The reader copies the payload out.</summary>
    [Benchmark]
    public int Copied()
    {
        _ring.Outgoing.TryWrite(_payload, 1, PacketFlags.None, out _);
        _ring.Incoming.TryRead(_destination, out int length, out _, out _);
        return length;
    }
}

using BenchmarkDotNet.Attributes;
using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>Each type of packet, with 64 bytes of payload, written and read with its ranges walked.</summary>
public class PacketTypes
{
    private const int Pages = 8;

    private readonly byte[] _payload = new byte[64];
    private readonly ulong[] _pageNumbers = [11, 12, 13, 14, 15, 16, 17, 18];
    private BenchRing _ring = null!;

    [ParamsAllValues]
    public Mapping Mapping { get; set; }

    [ParamsAllValues]
    public PeerTrust Trust { get; set; }

    [GlobalSetup]
    public void Setup() => _ring = new BenchRing(64 * 1024, Mapping, Trust);

    [GlobalCleanup]
    public void Cleanup() => _ring.Dispose();

    [Benchmark(Baseline = true)]
    public ulong InBand() => WriteRead(OutgoingPacket.InBand(_payload, 1));

    [Benchmark]
    public ulong Request() => WriteRead(OutgoingPacket.Request(_payload, 1));

    [Benchmark]
    public ulong Completion() => WriteRead(OutgoingPacket.Completion(_payload, 1));

    /// <summary>One range of eight guest pages.</summary>
    [Benchmark]
    public ulong GpaDirect()
    {
        Span<byte> buffer = stackalloc byte[8 + 8 + Pages * 8];
        var header = new GpaDirectHeaderWriter(buffer);
        header.AddRange(Pages * RingMemory.PageSize, 0, _pageNumbers);
        return WriteRead(OutgoingPacket.GpaDirect(header, _payload, 1));
    }

    /// <summary>Eight ranges of a transfer-page set.</summary>
    [Benchmark]
    public ulong TransferPages()
    {
        Span<byte> buffer = stackalloc byte[8 + Pages * TransferPageHeaderWriter.RangeSize];
        var header = new TransferPageHeaderWriter(buffer, setId: 1);
        for (uint i = 0; i < Pages; i++)
            header.AddRange(RingMemory.PageSize, i * RingMemory.PageSize);
        return WriteRead(OutgoingPacket.TransferPages(header, _payload, 1));
    }

    private ulong WriteRead(in OutgoingPacket written)
    {
        _ring.Outgoing.TryWrite(written, out _);
        using IncomingBatch batch = _ring.Incoming.ReadBatch();
        batch.TryNext(out RingPacket packet);
        ulong seen = packet.TransactionId + packet.Payload[^1];
        if (packet.Type == PacketType.DataUsingGpaDirect)
        {
            foreach (GpaRangeList.Range range in packet.GpaRanges)
                seen += range.PageNumbers[^1];
        }
        else if (packet.Type == PacketType.DataUsingTransferPages)
        {
            foreach (TransferPageRange range in packet.TransferPageRanges)
                seen += range.ByteOffset;
        }

        batch.Commit();
        return seen;
    }
}

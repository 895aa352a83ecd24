using BenchmarkDotNet.Attributes;
using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>The whole hot path of a channel on one thread: send, decide, signal, read, give room back.</summary>
public class ChannelSendRead
{
    private const int Packets = 32;

    private readonly PinnedPage _monitorPage = new();
    private BenchRing _there = null!;
    private BenchRing _back = null!;
    private VmBusChannel _near = null!;
    private VmBusChannel _far = null!;
    private byte[] _payload = [];

    [Params(64, 1024)]
    public int Payload { get; set; }

    [ParamsAllValues]
    public SignalMode Mode { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _there = new BenchRing(1024 * 1024);
        _back = new BenchRing(1024 * 1024);
        _near = new VmBusChannel(_there.Outgoing, _back.Incoming, Signaler(monitorId: 0), new NoWait());
        _far = new VmBusChannel(_back.Outgoing, _there.Incoming, Signaler(monitorId: 1), new NoWait());
        _payload = new byte[Payload];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _near.Dispose();
        _far.Dispose();
        _there.Dispose();
        _back.Dispose();
    }

    [Benchmark(Baseline = true)]
    public ulong One()
    {
        _near.TrySend(_payload, new SendOptions { TransactionId = 1 });
        return Drain(_far);
    }

    /// <summary>One message that overrides the channel's mode.</summary>
    [Benchmark]
    public ulong OneUrgent()
    {
        _near.TrySend(_payload, new SendOptions { TransactionId = 1, Urgency = Urgency.Urgent });
        return Drain(_far);
    }

    /// <summary>A request, and its completion.</summary>
    [Benchmark]
    public ulong RoundTrip()
    {
        _near.TrySend(_payload, new SendOptions { TransactionId = 1, Flags = PacketFlags.CompletionRequested });
        ulong id = Drain(_far);
        _far.TrySend(OutgoingPacket.Completion(_payload, id));
        return Drain(_near);
    }

    /// <summary>Thirty-two packets with one publication and at most one signal; figures are per packet.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public ulong Batch()
    {
        using ChannelWriteBatch batch = _near.BeginBatch();
        for (ulong i = 0; i < Packets; i++)
            batch.TryAdd(_payload, i);
        batch.Commit();
        return Drain(_far);
    }

    /// <summary>What a reader's loop does around a drain when it sleeps between: unmask, look again, mask.</summary>
    [Benchmark]
    public ulong OneWaited()
    {
        _near.TrySend(_payload, new SendOptions { TransactionId = 1 });
        _far.WaitToRead(Timeout.InfiniteTimeSpan);
        return Drain(_far);
    }

    private static ulong Drain(VmBusChannel channel)
    {
        ulong seen = 0;
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            seen += packet.TransactionId;
        batch.Commit();
        return seen;
    }

    private ChannelSignaler Signaler(int monitorId) => new(new SignalBinding
    {
        ChildRelid = (uint)monitorId,
        Path = new NoOpSignalPath(),
        MonitorPage = new MonitorPageView(_monitorPage.Address),
        MonitorId = monitorId,
    })
    {
        Mode = Mode,
    };
}

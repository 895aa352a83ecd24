using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;

namespace VmBus.Benchmarks;

/// <summary>The hot path with a listener of the meter that reads every 10 ms, beside the same without one.</summary>
public class ListenedChannel
{
    private readonly BenchRing _there = new(1024 * 1024);
    private readonly BenchRing _back = new(1024 * 1024);
    private readonly byte[] _payload = new byte[64];
    private VmBusChannel _near = null!;
    private VmBusChannel _far = null!;
    private MeterListener? _listener;
    private Timer? _timer;

    [GlobalSetup(Target = nameof(Alone))]
    public void Setup()
    {
        _near = new VmBusChannel(_there.Outgoing, _back.Incoming, Signaler(), new NoWait());
        _far = new VmBusChannel(_back.Outgoing, _there.Incoming, Signaler(), new NoWait());
        _near.Identify(new ChannelIdentity(ChannelIdentity.Guest, "bench", "", 1, 0));
        _far.Identify(new ChannelIdentity(ChannelIdentity.Host, "bench", "", 1, 0));
    }

    [GlobalSetup(Target = nameof(Listened))]
    public void SetupListened()
    {
        Setup();
        _listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "VmBus")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        _listener.Start();
        _timer = new Timer(_ => _listener.RecordObservableInstruments(), null, 0, 10);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _timer?.Dispose();
        _listener?.Dispose();
        _near.Dispose();
        _far.Dispose();
        _there.Dispose();
        _back.Dispose();
    }

    [Benchmark(Baseline = true)]
    public ulong Alone() => SendAndRead();

    [Benchmark]
    public ulong Listened() => SendAndRead();

    private ulong SendAndRead()
    {
        _near.TrySend(_payload, new SendOptions { TransactionId = 1 });
        ulong seen = 0;
        using ChannelReadBatch batch = _far.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            seen += packet.TransactionId;
        batch.Commit();
        return seen;
    }

    private static ChannelSignaler Signaler() => new(new SignalBinding { ChildRelid = 1, Path = new NoOpSignalPath() });
}

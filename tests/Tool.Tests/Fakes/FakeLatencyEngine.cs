namespace VmBus.Tool.Tests.Fakes;

/// <summary>Invents the same plausible numbers every time: what a run shows when the switch works, or when it does not.</summary>
internal sealed class FakeLatencyEngine(bool works) : ILatencyEngine
{
    private const int Messages = 20_000;

    public LatencyCell Run(
        SignalMode mode,
        LoadKind load,
        LatencyOptions options,
        IProgress<LatencyProgress> progress,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        progress.Report(new(0.5, Messages / 2));
        Random random = new(17 + (int)mode * 31 + (int)load * 7);
        double window = options.Window.TotalNanoseconds;
        bool batches = mode == SignalMode.Monitored || (mode == SignalMode.Adaptive && load is LoadKind.Saturating or LoadKind.Mixed && mode != SignalMode.LowLatency);
        bool worked = works || mode == SignalMode.LowLatency;

        LatencyHistogram latencies = new();
        for (int i = 0; i < Messages; i++)
            latencies.Record(Latency(random, load, batches || !worked, window));
        LatencyHistogram? urgent = null;
        if (load == LoadKind.Mixed)
        {
            urgent = new();
            for (int i = 0; i < Messages / 20; i++)
                urgent.Record(Latency(random, LoadKind.Paced, mode == SignalMode.Monitored && !works, window));
        }

        long packets = load switch { LoadKind.PingPong => batches ? 19_200 : 310_000, LoadKind.Paced => 2_000, _ => 4_321_000 };
        long wakeups = load switch
        {
            LoadKind.Saturating or LoadKind.Mixed when batches && works => packets / 270,
            LoadKind.Saturating or LoadKind.Mixed => packets / 4,
            _ => packets,
        };
        return new()
        {
            Mode = mode,
            Load = load,
            Latencies = latencies,
            UrgentLatencies = urgent,
            Packets = packets,
            Bytes = packets * options.MessageSize,
            DataPackets = load == LoadKind.Mixed ? packets - Messages / 20 : null,
            Elapsed = options.CellTime,
            Signals = new()
            {
                Monitored = batches ? wakeups : 0,
                Hypercall = (batches ? 0 : wakeups) + (load == LoadKind.Mixed && batches ? Messages / 20 : 0),
                Promoted = load == LoadKind.Mixed && batches ? Messages / 20 : 0,
                SuppressedMasked = (packets - wakeups) / 3,
                SuppressedNotEmpty = packets - wakeups - (packets - wakeups) / 3,
            },
            HostWakeups = wakeups,
            Cpu = options.Simulate ? null : Cpu(options.CellTime, batches),
        };
    }

    private static CpuTime Cpu(TimeSpan elapsed, bool batches) => batches
        ? new(elapsed * 0.94, elapsed * 0.45, elapsed * 0.31, elapsed * 0.18)
        : new(elapsed * 1.22, elapsed * 0.61, elapsed * 0.58, elapsed * 0.03);

    private static long Latency(Random random, LoadKind load, bool waits, double window)
    {
        double wake = 1100 * Math.Exp(0.25 * Normal(random));
        if (random.NextDouble() < 0.002)
            wake += 40_000 * random.NextDouble() * random.NextDouble();
        double queue = load is LoadKind.Saturating or LoadKind.Mixed ? 6000 * Math.Exp(0.4 * Normal(random)) : 0;
        double wait = waits ? window * (load == LoadKind.PingPong ? 0.9 + 0.1 * random.NextDouble() : random.NextDouble()) : 0;
        return (long)(wake + queue + wait);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

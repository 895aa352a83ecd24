namespace VmBus.Tool.Tests.Fakes;

/// <summary>Reports over invented numbers and an invented machine.</summary>
internal static class FakeReport
{
    public static MachineFacts Machine { get; } = new(2, "Testix 1.0", "x64", ".NET 10.0.0");

    public static MachineNoise Noise { get; } = new(100_000, 135_000, 500_000, 1_200_000, 8_100, 5_200, 21.4, 6.1);

    public static LatencyReport Of(bool works, LatencyOptions? options = null)
    {
        options ??= new();
        FakeLatencyEngine engine = new(works);
        return new()
        {
            Options = options,
            Machine = options.Simulate ? null : Machine,
            Noise = options.Simulate ? null : Noise,
            Cells =
            [
                .. from load in options.Loads
                   from mode in options.Modes
                   select engine.Run(mode, load, options, new Progress<LatencyProgress>(), CancellationToken.None),
            ],
        };
    }

    /// <summary>A cell with one latency for all its messages.</summary>
    public static LatencyCell Cell(SignalMode mode, LoadKind load, long latency, long messages = 1000, long wakeups = 1000, long? urgentLatency = null)
    {
        LatencyHistogram latencies = new();
        if (messages > 0)
            latencies.Record(latency, messages);
        LatencyHistogram? urgent = null;
        if (urgentLatency is { } one)
        {
            urgent = new();
            urgent.Record(one, 100);
        }

        return new()
        {
            Mode = mode,
            Load = load,
            Latencies = latencies,
            UrgentLatencies = urgent,
            Packets = messages,
            Bytes = messages * 64,
            DataPackets = load == LoadKind.Mixed ? messages - 100 : null,
            Elapsed = TimeSpan.FromSeconds(1),
            Signals = new() { Monitored = wakeups },
            HostWakeups = wakeups,
        };
    }

    public static LatencyReport Of(params LatencyCell[] cells) => new()
    {
        Options = new()
        {
            Modes = [.. cells.Select(cell => cell.Mode).Distinct()],
            Loads = [.. cells.Select(cell => cell.Load).Distinct()],
        },
        Machine = Machine,
        Noise = Noise,
        Cells = cells,
    };
}

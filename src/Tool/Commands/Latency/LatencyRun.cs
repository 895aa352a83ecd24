// One run: the machine's own error first, then each mode under each load, one after the other.

namespace VmBus.Tool;

/// <summary>Runs every cell of a measurement.</summary>
internal sealed class LatencyRun(LatencyOptions options, ILatencyEngine engine)
{
    /// <summary>Runs them, blocking the calling thread.</summary>
    /// <param name="display">Told how far the run has come.</param>
    /// <param name="cancellationToken">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public LatencyReport Run(ProgressDisplay.Display display, CancellationToken cancellationToken)
    {
        MachineNoise? noise = null;
        double? load = options.Simulate ? null : MachineFacts.ReadLoadAverage();
        if (!options.Simulate)
        {
            display.Step("measuring this machine's own error", 0);
            noise = MachineNoiseMeter.Measure(cancellationToken);
        }

        List<LatencyCell> cells = [];
        foreach (LoadKind kind in options.Loads)
        {
            foreach (SignalMode mode in options.Modes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int number = cells.Count;
                string name = $"{number + 1}/{options.CellCount} {kind.Name()}, {mode.Name()}";
                display.Move(name, (double)number / options.CellCount);
                CellProgress progress = new(display, name, number, options.CellCount);
                LatencyCell cell = engine.Run(mode, kind, options, progress, cancellationToken);
                display.Done($"{name}: {Outcome(cell)}");
                cells.Add(cell);
            }
        }

        return new()
        {
            Options = options,
            Machine = options.Simulate ? null : MachineFacts.Read(),
            LoadAverage = load,
            Noise = noise,
            Cells = cells,
        };
    }

    private static string Outcome(LatencyCell cell) =>
        $"p50 {Units.Duration(cell.Latencies.Percentile(50))}, p99 {Units.Duration(cell.Latencies.Percentile(99))}, "
        + $"{Units.Count(cell.Packets)} packets, {Units.Count(cell.HostWakeups)} wakeups";

    private sealed class CellProgress(ProgressDisplay.Display display, string name, int number, int count) : IProgress<LatencyProgress>
    {
        public void Report(LatencyProgress value) =>
            display.Move($"{name}, {Units.Count(value.Packets)} packets", (number + Math.Clamp(value.Fraction, 0, 1)) / count);
    }
}

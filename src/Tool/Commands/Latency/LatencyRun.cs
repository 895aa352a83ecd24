// One run: the machine's own error first, then each mode under each load, one after the other.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Runs every cell of a measurement.</summary>
internal sealed class LatencyRun(LatencyOptions options, ILatencyEngine engine)
{
    // What is beside the cells, on a quiet machine.
    private static readonly TimeSpan Calibration = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan StartOfTwo = TimeSpan.FromSeconds(0.6);

    /// <summary>Runs them, blocking the calling thread.</summary>
    /// <param name="display">Told how far the run has come.</param>
    /// <param name="cancellationToken">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public LatencyReport Run(ProgressDisplay.Display display, CancellationToken cancellationToken)
    {
        MachineNoise? noise = null;
        double? load = options.Simulate ? null : MachineFacts.ReadLoadAverage();
        if (!options.Simulate)
        {
            display.Note(HowLong());
            display.Step("measuring this machine's own error", 0);
            noise = MachineNoiseMeter.Measure(cancellationToken);
        }

        List<LatencyCell> cells = [];
        OtherLoad? before = options.Simulate ? null : OtherLoad.TryRead();
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
            OtherCores = options.Simulate ? null : OtherLoad.Between(before, OtherLoad.TryRead()),
            Noise = noise,
            Cells = cells,
        };
    }

    private string HowLong()
    {
        string cells = $"{options.CellCount} {(options.CellCount == 1 ? "cell" : "cells")}";
        TimeSpan all = Calibration + options.CellCount * (options.CellTime + (options.Processes == 1 ? Start : StartOfTwo));
        return string.Create(CultureInfo.InvariantCulture, $"{cells} of {Units.Duration(options.CellTime.TotalNanoseconds)}: this takes about {Math.Ceiling(all.TotalSeconds):0} s (--seconds for another time)");
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

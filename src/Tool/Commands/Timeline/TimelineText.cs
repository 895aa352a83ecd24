namespace VmBus.Tool;

/// <summary>The result of a changing load as a person reads it, within 80 columns.</summary>
internal static class TimelineText
{
    /// <summary>Writes a table for each load, one line a mode.</summary>
    public static void Write(TextWriter writer, LatencyOptions options, IReadOnlyList<(SignalMode Mode, TimelineRecorder Recorder)> results)
    {
        TimeSpan part = options.CellTime / TimelineRun.Loads.Count;
        writer.WriteLine($"A load that changes every {Units.Duration(part.TotalNanoseconds)}: {string.Join(", then ", TimelineRun.Loads.Select(Spelling.Name))}");
        writer.WriteLine($"window {Units.Duration(options.Window.TotalNanoseconds)}, {options.MessageSize}-byte messages, modelled: hypercall + {Units.Duration(options.HypercallCost.TotalNanoseconds)}, host wake + {Units.Duration(options.WakeCost.TotalNanoseconds)}");
        writer.WriteLine();
        writer.WriteLine($"{"",-12}{string.Concat(TimelineRun.Loads.Select(load => $"  {load.Name(),18}"))}");
        writer.WriteLine($"{"mode",-12}{string.Concat(TimelineRun.Loads.Select(_ => $"  {"p50",8} {"pkts/wake",9}"))}");
        foreach ((SignalMode mode, TimelineRecorder recorder) in results)
        {
            writer.WriteLine($"{mode.Name(),-12}{string.Concat(TimelineRun.Loads.Select((_, at) =>
            {
                (double p50, double? batch) = recorder.Between(at * part, (at + 1) * part);
                return $"  {Units.Duration(p50),8} {Batch(batch),9}";
            }))}");
        }
    }

    private static string Batch(double? packets) => packets is { } known ? Units.Ratio(known) : "-";
}

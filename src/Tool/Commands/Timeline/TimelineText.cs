namespace VmBus.Tool;

/// <summary>The result of a changing load as a person reads it, within 80 columns.</summary>
internal static class TimelineText
{
    /// <summary>Writes one line a mode for each half.</summary>
    public static void Write(TextWriter writer, LatencyOptions options, IReadOnlyList<(SignalMode Mode, TimelineRecorder Recorder)> results)
    {
        TimeSpan half = options.CellTime / 2;
        writer.WriteLine($"A load that changes half-way: {Units.Duration(half.TotalNanoseconds)} of ping-pong, then as long a saturating stream");
        writer.WriteLine($"window {Units.Duration(options.Window.TotalNanoseconds)}, {options.MessageSize}-byte messages, modelled: hypercall + {Units.Duration(options.HypercallCost.TotalNanoseconds)}, host wake + {Units.Duration(options.WakeCost.TotalNanoseconds)}");
        writer.WriteLine();
        writer.WriteLine($"{"mode",-12}  {"ping-pong p50",13}  {"packets/wakeup",14}  {"stream p50",10}  {"packets/wakeup",14}");
        foreach ((SignalMode mode, TimelineRecorder recorder) in results)
        {
            (double before, double? beforeBatch) = recorder.Between(TimeSpan.Zero, half);
            (double after, double? afterBatch) = recorder.Between(half, options.CellTime);
            writer.WriteLine($"{mode.Name(),-12}  {Units.Duration(before),13}  {Batch(beforeBatch),14}  {Units.Duration(after),10}  {Batch(afterBatch),14}");
        }
    }

    private static string Batch(double? packets) => packets is { } known ? Units.Ratio(known) : "-";
}

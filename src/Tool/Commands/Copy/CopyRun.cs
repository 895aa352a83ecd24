// One run: the whole input through a channel, once in each mode asked for.

namespace VmBus.Tool;

/// <summary>Copies in each mode.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="length">The size of the input, where it is known.</param>
/// <param name="engine">What carries the data.</param>
internal sealed class CopyRun(CopyOptions options, long? length, ICopyEngine engine)
{
    /// <summary>Copies, blocking the calling thread.</summary>
    /// <param name="display">Told how far the run has come.</param>
    /// <param name="cancellationToken">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public IReadOnlyList<CopyResult> Run(ProgressDisplay.Display display, CancellationToken cancellationToken)
    {
        List<CopyResult> results = [];
        foreach (SignalMode mode in options.Modes)
            engine.Warm(mode, options, cancellationToken);
        foreach (SignalMode mode in options.Modes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string name = $"copying, {mode.Name()}";
            display.Step(name, (double)results.Count / options.Modes.Count);
            results.Add(engine.Run(mode, options, new Arrived(display, name, results.Count, options.Modes.Count, length), cancellationToken));
        }

        return results;
    }

    private sealed class Arrived(ProgressDisplay.Display display, string name, int number, int count, long? length) : IProgress<long>
    {
        public void Report(long value)
        {
            double fraction = length is { } all ? Math.Clamp((double)value / all, 0, 1) : 0;
            display.Move($"{name}, {Units.Bytes(value)}", (number + fraction) / count);
        }
    }
}

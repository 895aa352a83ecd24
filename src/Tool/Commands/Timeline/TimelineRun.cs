// A load that changes, in each mode: a dialogue first, then a stream, then a stream that is answered.

namespace VmBus.Tool;

/// <summary>Runs the changing load.</summary>
/// <param name="options">Sizes; <see cref="LatencyOptions.CellTime"/> is the time of one mode, all its loads.</param>
internal sealed class TimelineRun(LatencyOptions options)
{
    /// <summary>The loads, one after the other, each as long.</summary>
    public static IReadOnlyList<LoadKind> Loads { get; } = [LoadKind.PingPong, LoadKind.Saturating, LoadKind.Acknowledged];

    private const int Slices = 80;

    /// <summary>Runs it in each mode, blocking the calling thread.</summary>
    /// <param name="display">Told how far the run has come.</param>
    /// <param name="cancellationToken">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public IReadOnlyList<(SignalMode Mode, TimelineRecorder Recorder)> Run(ProgressDisplay.Display display, CancellationToken cancellationToken)
    {
        List<(SignalMode, TimelineRecorder)> results = [];
        foreach (SignalMode mode in options.Modes)
        {
            display.Step($"a load that changes, {mode.Name()}", (double)results.Count / options.Modes.Count);
            TimelineRecorder recorder = new(options.CellTime / Slices);
            new OneProcess().Run(
                new ChannelPlan(mode, options.RingSize, options.Window, options.Spin, options.HypercallCost, options.WakeCost),
                (channel, token) => Send(channel, token),
                new ReceiveJob(recorder),
                static () => { },
                cancellationToken);
            results.Add((mode, recorder));
        }

        return results;
    }

    private GuestResult Send(VmBusChannel channel, CancellationToken cancellationToken)
    {
        GuestSender sender = new(channel, options);
        foreach (LoadKind load in Loads)
            sender.RunFor(load, GuestSender.WarmUp(options), MessageKind.WarmUp, cancellationToken);
        return sender.RunCounted(
            () =>
            {
                foreach (LoadKind load in Loads)
                    sender.RunFor(load, options.CellTime / Loads.Count, MessageKind.Data, cancellationToken);
            });
    }
}

// What runs the traffic: a guest and a host over a channel, on real threads, in two processes, or under a fake clock.

namespace VmBus.Tool;

/// <summary>Runs one cell of a latency measurement.</summary>
internal interface ILatencyEngine
{
    /// <summary>
    /// Opens a channel in the mode, runs the load over it for <see cref="LatencyOptions.CellTime"/>, and closes it.
    /// Called once a cell, one after the other, on a thread that may be blocked.
    /// </summary>
    /// <param name="mode">The mode of the channel.</param>
    /// <param name="load">The load to run.</param>
    /// <param name="options">Sizes, times and costs.</param>
    /// <param name="progress">
    /// Told a few times a second how far the cell has come. Must be cheap for the measured threads to call, and is
    /// called from any thread.
    /// </param>
    /// <param name="cancellationToken">Ends the cell with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="VmBusException">The channel or its peer failed.</exception>
    LatencyCell Run(
        SignalMode mode,
        LoadKind load,
        LatencyOptions options,
        IProgress<LatencyProgress> progress,
        CancellationToken cancellationToken);
}

// What carries a file through a channel: the guest reads and sends, the host receives and writes.

namespace VmBus.Tool;

/// <summary>Copies one input to one output through a channel.</summary>
internal interface ICopyEngine
{
    /// <summary>Runs the code of a mode over some bytes of no file, so that the first copy does not pay for its compilation.</summary>
    void Warm(SignalMode mode, CopyOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a channel in the mode, sends all of the input through it, and closes it. The far end opens the output
    /// itself, since it may be another process.
    /// </summary>
    /// <param name="mode">The mode of the channel.</param>
    /// <param name="options">
    /// Files and sizes. <see cref="CopyFiles"/> opens either end, with errors fit to be printed.
    /// </param>
    /// <param name="progress">Told a few times a second how many bytes have arrived, from any thread.</param>
    /// <param name="cancellationToken">Ends the copy with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The result, digests of both ends included.</returns>
    /// <exception cref="ToolException">A file could not be opened, read or written.</exception>
    /// <exception cref="VmBusException">The channel or its peer failed.</exception>
    CopyResult Run(SignalMode mode, CopyOptions options, IProgress<long> progress, CancellationToken cancellationToken);
}

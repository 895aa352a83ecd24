// The daemon of pairs as a process, in the place of hv_kvp_daemon.

using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Answers the host out of the pool files until told to end.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvpServer(Terminal terminal, Engines engines)
{
    /// <summary>Serves.</summary>
    /// <param name="directory">Where the pool files are; made with the first pair.</param>
    /// <param name="device">The device.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LinuxGuestException">The device is not there, another daemon has it, or it is not permitted.</exception>
    public async Task<int> RunAsync(string directory, string device, CancellationToken cancellationToken)
    {
        using KvpDaemon daemon = engines.KvpDaemon(new KvpPoolFiles(directory), device);
        terminal.Error.WriteLine($"vmbus: {device} answers the host from {directory}; Ctrl-C ends it");
        try
        {
            await daemon.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // How the command ends.
        }

        UtilDaemonStatistics counts = daemon.GetStatistics();
        terminal.Error.WriteLine($"vmbus: {counts.Requests} questions answered, {counts.Failed} of them with an error or the end of a list, {counts.Late} too late");
        return ExitCode.Success;
    }
}

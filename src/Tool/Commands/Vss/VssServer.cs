// The daemon of snapshots as a process, in the place of hv_vss_daemon.

using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Freezes and thaws when the host asks, until told to end.</summary>
[SupportedOSPlatform("linux")]
internal sealed class VssServer(Terminal terminal, Engines engines)
{
    /// <summary>Serves.</summary>
    /// <param name="device">The device.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LinuxGuestException">The device is not there, another daemon has it, or it is not permitted.</exception>
    public async Task<int> RunAsync(string device, CancellationToken cancellationToken)
    {
        NotedFreezer freezer = new(engines.VolumeFreezer(), terminal.Error);
        void End(object? sender, EventArgs e) => freezer.End();

        // A second Ctrl-C ends the process the hard way, and volumes stay frozen without it.
        AppDomain.CurrentDomain.ProcessExit += End;
        try
        {
            using VssDaemon daemon = engines.VssDaemon(freezer, device);
            terminal.Error.WriteLine($"vmbus: {device} freezes file systems when the host takes a snapshot; Ctrl-C ends it");
            await daemon.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // How the command ends.
        }
        finally
        {
            freezer.End();
            AppDomain.CurrentDomain.ProcessExit -= End;
        }

        return ExitCode.Success;
    }
}

// vmbus vss: freezes this guest's file systems when its host takes a snapshot.

using System.CommandLine;
using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>vss</c> command.</summary>
internal sealed class VssCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        How it works:
          Before the host takes a snapshot, it asks the guest to be consistent. FIFREEZE freezes every file system on a
          disk, the root last; the thaw goes the other way. The command thaws however it ends, except by SIGKILL: then run
          'fsfreeze --unfreeze'. Do not write its output to a disk of this guest: use a pipe or the journal.

        Examples:
          vmbus vss            list what would be frozen, in order
          vmbus vss --serve    answer the host, in place of hv_vss_daemon, until Ctrl-C
        """;

    /// <summary>How long thawing may take.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<bool> _serve = new("--serve") { Description = "Answer the host in place of hv_vss_daemon, until Ctrl-C. Needs root." };
#pragma warning disable CA1416 // A constant.
    private readonly Option<string> _device = new("--device") { Description = "With --serve: the device of hv_utils.", HelpName = "PATH", DefaultValueFactory = _ => VssDaemon.DefaultPath };
#pragma warning restore CA1416

    /// <summary>Makes the command.</summary>
    public VssCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("vss", "Show what is frozen for a snapshot of this Linux guest, or freeze it when the host asks.") { _serve, _device };
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    [SupportedOSPlatform("linux")]
    private static IReadOnlyList<string> Volumes()
    {
        try
        {
            return MountedVolume.Find(File.ReadAllLines(MountedVolume.MountInfo));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"what is mounted cannot be read: {error.Message.TrimEnd('.')}", error);
        }
    }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("freezing file systems needs a Linux guest, and this is not Linux");
        if (line.GetValue(_serve))
        {
            _terminal.Grace = Grace;
            return await new VssServer(_terminal, _engines).RunAsync(line.GetValue(_device)!, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<string> volumes = Volumes();
        if (volumes.Count == 0)
            _terminal.Out.WriteLine("no file system on a disk is mounted: nothing would be frozen");
        foreach (string volume in volumes)
            _terminal.Out.WriteLine(OneLine.Of(volume));
        _terminal.Out.Flush();
        return ExitCode.Success;
    }
}

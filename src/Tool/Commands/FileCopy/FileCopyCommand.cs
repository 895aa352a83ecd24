// vmbus fcopy: takes the files that the host copies into this guest.

using System.CommandLine;
using System.Globalization;

namespace VmBus.Tool;

/// <summary>The <c>fcopy</c> command.</summary>
internal sealed class FileCopyCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus fcopy --bind                            take files wherever the host puts them, until Ctrl-C
          vmbus fcopy --bind --root /srv/from-host      only below one folder
          vmbus fcopy --once --json                     one file; 0 when it arrived, 1 when not
          vmbus fcopy --max-size 2G --idle-timeout 10   refuse larger files, end stalled transfers
        On the host: Copy-VMFile VM -SourcePath C:\file -DestinationPath /srv/from-host/file -FileSource Host -CreateFullPath

        Exit codes: with --once 0 when the file arrived, 1 when it did not or the device went away; 130 after Ctrl-C, 143
        after SIGTERM.
        """;

    /// <summary>How long giving the device back may take.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<string> _root = new("--root") { Description = "Write files only below this folder; the host's path is relative to it, or begins with it.", HelpName = "DIR", DefaultValueFactory = _ => "/" };
    private readonly Option<bool> _bind = new("--bind") { Description = "Bind the device to uio_hv_generic first, and restore its driver at the end." };
    private readonly Option<string?> _maxSize = new("--max-size") { Description = "The largest file to accept; no limit by default.", HelpName = "BYTES" };
    private readonly Option<string> _idle = new("--idle-timeout") { Description = "Abandon a file when the host sends none of it for this long; 0 for no limit.", HelpName = "SECONDS", DefaultValueFactory = _ => "60" };
    private readonly Option<string> _mode = new("--mode") { Description = "The permissions of new files, before the umask.", HelpName = "OCTAL", DefaultValueFactory = _ => "644" };
    private readonly Option<bool> _once = new("--once") { Description = "End after one file, arrived or not." };
    private readonly Option<bool> _json = new("--json") { Description = "Write each file as one line of JSON." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public FileCopyCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("fcopy", "Receive the files that the host copies into this Linux guest. Needs root.")
        {
            _root, _bind, _maxSize, _idle, _mode, _once, _json, _sysfs,
        };
        Command.SetAction(Run);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private Task<int> Run(ParseResult line, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("file copies need Linux's uio_hv_generic, which is missing here");
        TimeSpan idle = Quantity.Seconds(_idle.Name, line.GetValue(_idle)!, 0, 86400);
        FileCopyOptions options = new()
        {
            Root = line.GetValue(_root)!,
            Bind = line.GetValue(_bind),
            MaxSize = line.GetValue(_maxSize) is { } size ? Quantity.LongBytes(_maxSize.Name, size, 0, long.MaxValue) : long.MaxValue,
            IdleTimeout = idle == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : idle,
            Mode = Mode(line.GetValue(_mode)!),
            Once = line.GetValue(_once),
            Json = line.GetValue(_json),
        };
        if (options.Bind)
            _terminal.Grace = Grace;
        var run = new FileCopyRun(_terminal, options, _engines.Sysfs(line.GetValue(_sysfs)!), _engines.Proc);

        // It waits in the kernel, on a thread of its own.
        return Task.Factory.StartNew(() => OperatingSystem.IsLinux() ? run.Run(cancellationToken) : ExitCode.Failed, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private UnixFileMode Mode(string text)
    {
        int mode = 0;
        foreach (char digit in text)
        {
            mode = mode * 8 + (digit - '0');
            if (digit is < '0' or > '7' || mode > 0b111_111_111)
                throw new UsageException($"{_mode.Name} {text}: not permissions in octal; give 600 or 644, for instance");
        }

        return text.Length > 0 ? (UnixFileMode)mode : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{_mode.Name}: empty"));
    }
}

// The root of the command line, and the one place where an error becomes a line and an exit code.

using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.Reflection;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>The <c>vmbus</c> command.</summary>
internal static class VmBusCommand
{
    private const string Verbose = "--verbose";

    private const string Examples = """
        Examples:
          vmbus latency                      measure what the low-latency switch does to real traffic
          vmbus latency --plot latency.png   the same, with a picture
          vmbus copy big.iso /tmp/copy.iso   send a file through a channel in both modes
          vmbus list --tree                  in a guest: its VMBus devices and channels
          vmbus top                          in a guest: every channel, live
          vmbus low-latency eth0             in a guest: make a driver signal by hypercall
          vmbus kvp list                     in a guest: the key-value pairs shared with its host
          vmbus doctor                       which backends work here, and what the others lack

        Each command has its own help: vmbus latency --help
        """;

    /// <summary>The version of the tool.</summary>
    public static string Version { get; } =
        typeof(VmBusCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Whether an error should say where it comes from: <c>--verbose</c>, or <c>VMBUS_DEBUG=1</c>.</summary>
    /// <param name="args">The arguments; one that could not be parsed may still ask for it.</param>
    /// <returns>Whether it should.</returns>
    public static bool IsVerbose(string[] args) =>
        args.Contains(Verbose) || Environment.GetEnvironmentVariable("VMBUS_DEBUG") is not (null or "" or "0");

    /// <summary>Runs a command line. Never throws.</summary>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, Engines engines, CancellationToken cancellationToken = default)
    {
        try
        {
            ParseResult line = Root(terminal, engines).Parse(args);
            if (line.Errors.Count > 0 && line.Action is not (GroupedHelp or HelpWithExamples or VersionAction or SuggestAction))
                throw new UsageException($"{line.Errors[0].Message.TrimEnd('.')}{Meant(line)} (see '{Help(line)}')");

            InvocationConfiguration configuration = new()
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await line.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The last resort: whatever goes wrong, a user gets a line, not a stack trace.
        catch (Exception e)
        {
            return Fail(terminal, e, IsVerbose(args), cancellationToken.IsCancellationRequested);
        }
#pragma warning restore CA1031
    }

    /// <summary>Writes an error as one line, and with its stack trace only when asked.</summary>
    /// <param name="terminal">Where to write.</param>
    /// <param name="error">The error.</param>
    /// <param name="verbose">Whether to show where it comes from.</param>
    /// <param name="cancelled">Whether the command was told to stop.</param>
    public static int Fail(Terminal terminal, Exception error, bool verbose, bool cancelled = false)
    {
        (int exitCode, string message) = error switch
        {
            UsageException => (ExitCode.Usage, error.Message),
            ToolException or VmBusException or ErrnoException => (ExitCode.Failed, error.Message),
            OperationCanceledException when cancelled => (ExitCode.Interrupted, "interrupted"),
            _ => (ExitCode.Failed, $"unexpected {error.GetType().Name}: {error.Message} (--verbose shows where)"),
        };
        string[] lines = message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        terminal.Restore();
        terminal.Error.WriteLine($"vmbus: {string.Join(' ', lines)}");
        if (verbose)
            terminal.Error.WriteLine(error);
        terminal.Error.Flush();
        return exitCode;
    }

    private static RootCommand Root(Terminal terminal, Engines engines)
    {
        Option<bool> verbose = new(Verbose) { Description = "Show where an error comes from; trace: every field.", Recursive = true };
        Command latency = new LatencyCommand(terminal, engines).Command;
        Command copy = new CopyCommand(terminal, engines).Command;
        Command timeline = new TimelineCommand(terminal).Command;
        Command trace = new TraceCommand(terminal, verbose).Command;
        Command list = new ListCommand(terminal, engines).Command;
        Command top = new TopCommand(terminal, engines).Command;
        Command monitor = new MonitorCommand(terminal, engines).Command;
        Command lowLatency = new LowLatencyCommand(terminal, engines).Command;
        Command bind = new BindCommand(terminal, engines).Command;
        Command unbind = new UnbindCommand(terminal, engines).Command;
        Command fileCopy = new FileCopyCommand(terminal, engines).Command;
        Command kvp = new KvpCommand(terminal, engines).Command;
        Command vss = new VssCommand(terminal, engines).Command;
        Command report = new ReportCommand(terminal, engines).Command;
        Command host = new HostCommand(terminal).Command;
        Command doctor = new DoctorCommand(terminal).Command;
        Command completion = new CompletionCommand(terminal).Command;
        RootCommand root = new("Hyper-V VMBus channels and their two ways to signal: the monitor page, which batches, and the hypercall, which is quick.")
        {
            latency, timeline, copy, trace, list, top, monitor, lowLatency, bind, unbind, fileCopy, kvp, vss, host, doctor, report, completion, verbose,
        };
        GroupedHelp help = new(
            terminal,
            [
                ("Measure", [latency, timeline, copy]),
                ("In a guest", [lowLatency, bind, unbind, fileCopy, kvp, vss]),
                ("As a host", [host]),
                ("Look", [list, top, monitor, doctor, report, trace]),
                ("In a shell", [completion]),
            ],
            Examples);
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } helpOption)
            {
                helpOption.Description = "Show this, or the help of a command.";
                helpOption.Action = new HelpWithExamples(usual, help, new Dictionary<Command, string>
                {
                    [latency] = LatencyCommand.Examples,
                    [timeline] = TimelineCommand.Examples,
                    [copy] = CopyCommand.Examples,
                    [trace] = TraceCommand.Examples,
                    [list] = ListCommand.Examples,
                    [top] = TopCommand.Examples,
                    [monitor] = MonitorCommand.Examples,
                    [lowLatency] = LowLatencyCommand.Examples,
                    [bind] = BindCommand.Examples,
                    [unbind] = UnbindCommand.Examples,
                    [fileCopy] = FileCopyCommand.Examples,
                    [kvp] = KvpCommand.Examples,
                    [vss] = VssCommand.Examples,
                    [host] = HostCommand.Examples,
                    [doctor] = DoctorCommand.Examples,
                    [report] = ReportCommand.Examples,
                    [completion] = CompletionCommand.Examples,
                });
            }
            else if (option is VersionOption version)
            {
                version.Description = "Show the version.";
                version.Action = new VersionAction();
            }
        }

        foreach (SuggestDirective suggest in root.Directives.OfType<SuggestDirective>())
            suggest.Action = new SuggestAction(suggest);

        // Bare "vmbus" is a newcomer's question, not an error.
        root.SetAction(help.Invoke);
        return root;
    }

    private static string Meant(ParseResult line)
    {
        Command command = line.CommandResult.Command;
        IEnumerable<string> words = command.Subcommands.Select(one => one.Name).Concat(command.Options.SelectMany(one => one.Aliases.Prepend(one.Name)));
        return line.UnmatchedTokens is [var typed, ..] && Nearest.To(typed, words) is { } word ? $"; did you mean '{word}'?" : "";
    }

    private static string Help(ParseResult line)
    {
        IEnumerable<string> names = line.CommandResult.Command is RootCommand ? [] : Path(line.CommandResult.Command).Reverse();
        return string.Join(' ', ["vmbus", .. names, "--help"]);

        static IEnumerable<string> Path(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand
            ? Path(parent).Prepend(command.Name) : [command.Name];
    }
}

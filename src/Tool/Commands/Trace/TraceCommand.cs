// vmbus trace: its options, and what prints a recording.

using System.CommandLine;

namespace VmBus.Tool;

/// <summary>The <c>trace</c> command.</summary>
internal sealed class TraceCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus trace run.rec                     one line a message
          vmbus trace run.rec --verbose           every field of each message
          vmbus trace run.rec --follow            follow the recording of a running process until Ctrl-C
          vmbus trace run.rec --json | jq -c 'select(.message == "OpenChannel") | .fields'
        """;

    private readonly Terminal _terminal;
    private readonly Option<bool> _verbose;
    private readonly Argument<string> _file = new("FILE") { Description = "The recording, or - for standard input." };
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON instead of text: an object a line, the recording's, then one a message, then one for the end." };
    private readonly Option<bool> _follow = new("--follow") { Description = "Wait for more at the end of the file, until Ctrl-C." };

    /// <summary>Makes the command.</summary>
    public TraceCommand(Terminal terminal, Option<bool> verbose)
    {
        _terminal = terminal;
        _verbose = verbose;
        Command = new Command("trace", "Print a recorded conversation of a connection: each message with its time, direction and fields.")
        {
            _file, _json, _follow,
        };
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TraceOptions options = new()
        {
            File = line.GetRequiredValue(_file),
            Verbose = line.GetValue(_verbose),
            Json = line.GetValue(_json),
            Follow = line.GetValue(_follow),
        };
        options.Validate();
        ITracePrinter printer = options.Json ? new TraceJson(_terminal.Out) : new TraceText(_terminal, options.Verbose);
        await new TraceRun(options, printer).RunAsync(cancellationToken).ConfigureAwait(false);
        return ExitCode.Success;
    }
}

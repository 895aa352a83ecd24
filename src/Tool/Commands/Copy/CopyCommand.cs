// vmbus copy: its options, and how a copy goes from them to digests and counts.

using System.CommandLine;
using System.Text.Json;

namespace VmBus.Tool;

/// <summary>The <c>copy</c> command.</summary>
internal sealed class CopyCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus copy big.iso /tmp/copy.iso                        in both modes, one after the other
          vmbus copy big.iso /tmp/copy.iso --processes 2          the receiver in its own process
          vmbus copy big.iso /dev/null --mode low-latency         one mode, nothing written
          tar c dir | vmbus copy - dir.tar --mode monitored       from standard input
        """;

    private const string Both = "both";

    private readonly Terminal _terminal;
    private readonly Engines _engines;

    private readonly Argument<string> _input = new("IN") { Description = "The file to send, or - for standard input." };
    private readonly Argument<string> _output = new("OUT") { Description = "The file to write at the far end, or - for standard output." };
    private readonly Option<string> _mode = Text("--mode", "MODE", "both", "both (monitored, then low-latency), monitored, low-latency or adaptive. Standard input needs one mode; monitored if none is given.");
    private readonly Option<string> _size = Text("--size", "BYTES", "16K", "Payload of each packet.");
    private readonly Option<string> _ring = Text("--ring", "BYTES", "1M", "Data size of each ring, a multiple of 4K.");
    private readonly Option<string> _processes = Text("--processes", "1|2", "1", "Sender and receiver in one process, or a process each.");
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document to standard output instead of text." };

    /// <summary>Makes the command.</summary>
    public CopyCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("copy", "Send a file through a channel, check SHA-256 at the far end, and print rate and signal counts.")
        {
            _input, _output, _mode, _size, _ring, _processes, _json,
        };
        _mode.CompletionSources.Add([Both, .. Spelling.AllModes.Select(Spelling.Name)]);
        _processes.CompletionSources.Add("1", "2");
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    /// <summary>Reads the options of a parsed command line.</summary>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public CopyOptions Read(ParseResult line)
    {
        string input = line.GetRequiredValue(_input);
        string output = line.GetRequiredValue(_output);
        bool oneOnly = input == CopyOptions.Standard || output == CopyOptions.Standard;
        CopyOptions options = new()
        {
            Input = input,
            Output = output,
            Modes = line.GetResult(_mode) is { Implicit: true } && oneOnly ? [SignalMode.Monitored] : Modes(line.GetValue(_mode)!),
            MessageSize = Quantity.Bytes(_size.Name, line.GetValue(_size)!, 1, LatencyOptions.MaxMessageSize),
            RingSize = Quantity.RingBytes(_ring.Name, line.GetValue(_ring)!),
            Processes = Quantity.Processes(_processes.Name, line.GetValue(_processes)!),
            Json = line.GetValue(_json),
        };
        options.Validate();
        return options;
    }

    private static Option<string> Text(string name, string helpName, string fallback, string description) =>
        new(name) { HelpName = helpName, Description = description, DefaultValueFactory = _ => fallback };

    private static IReadOnlyList<SignalMode> Modes(string text)
    {
        if (text.Equals(Both, StringComparison.OrdinalIgnoreCase))
            return [SignalMode.Monitored, SignalMode.LowLatency];
        foreach (SignalMode mode in Spelling.AllModes)
        {
            if (text.Equals(mode.Name(), StringComparison.OrdinalIgnoreCase))
                return [mode];
        }

        throw new UsageException($"--mode {text}: must be {Both}, {string.Join(", ", Spelling.AllModes.Select(Spelling.Name))}");
    }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        CopyOptions options = Read(line);
        ICopyEngine engine = _engines.Copy(options);
        long? length = CopyFiles.KnownLength(options.Input);
        IReadOnlyList<CopyResult> results = await ProgressDisplay.RunAsync(
            _terminal,
            display => new CopyRun(options, length, engine).Run(display, cancellationToken)).ConfigureAwait(false);

        // Standard output may be the copy itself.
        bool outputIsCopy = options.Output == CopyOptions.Standard;
        if (options.Json)
            _terminal.Out.WriteLine(JsonSerializer.Serialize(CopyDocument.From(options, results, VmBusCommand.Version), ToolJson.Indented.CopyDocument));
        else
            CopyText.Write(outputIsCopy ? _terminal.Error : _terminal.Out, options, results);

        foreach (CopyResult result in results)
        {
            if (!result.Equal)
                throw new ToolException($"copy: what arrived in {result.Mode.Name()} mode is NOT what was sent: the SHA-256 digests differ");
        }

        return ExitCode.Success;
    }
}

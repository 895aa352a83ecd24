// vmbus latency: its options, and how a run goes from them to tables, JSON and a picture.

using System.CommandLine;
using System.Text.Json;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>The <c>latency</c> command.</summary>
internal sealed class LatencyCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus latency                                  all modes under all loads: about 20 seconds
          vmbus latency --seconds 10 --plot latency.png  longer, with a picture
          vmbus latency --window 50us --loads paced      a shorter monitor window
          vmbus latency --processes 2 --json > run.json  the host in its own process; JSON
          vmbus latency --simulate --hypercall-cost 2us  a simulated clock and a modelled intercept
        """;

    // Every event of a simulation costs real time, and the first tenth of a second already holds thousands of each.
    private static readonly TimeSpan SimulatedCellTime = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest latency a monitor page can say.</summary>
    internal static readonly TimeSpan MaxWindow = TimeSpan.FromTicks(ushort.MaxValue);

    private readonly Terminal _terminal;
    private readonly Engines _engines;

    private readonly Option<string> _seconds = Text("--seconds", "SECONDS", "1.5", "How long each mode runs under each load; 0.1 when simulated.");
    private readonly Option<string> _size = Text("--size", "BYTES", "64", "Payload of each message.");
    private readonly Option<string> _window = Text("--window", "TIME", "100us", "Monitor latency: how often the hypervisor's scan runs. A bare number is in µs.");
    private readonly Option<string> _pace = Text("--pace", "TIME", "1ms", "Mean time between paced messages, and between the urgent ones of the mixed load.");
    private readonly Option<string> _spin = Text("--spin", "TIME", "2ms", "How long a waiting end spins before it sleeps. A sleeper on another core takes tens of µs to wake.");
    private readonly Option<string> _ring = Text("--ring", "BYTES", "256K", "Data size of each ring, a multiple of 4K.");
    private readonly Option<string> _modes = Text("--modes", "LIST", "monitored,low-latency,adaptive", "Modes to run, separated by commas.");
    private readonly Option<string> _loads = Text("--loads", "LIST", "ping-pong,paced,saturating,mixed", "Loads to run, separated by commas; also: acknowledged.");
    private readonly Option<string> _processes = Text("--processes", "1|2", "1", "Guest and host in one process, or a process each.");
    private readonly Option<string> _hypercallCost = Text("--hypercall-cost", "TIME", "0", "Model an intercept: added to each hypercall, which costs a function call here.");
    private readonly Option<string> _wakeCost = Text("--wake-cost", "TIME", "0", "Model waking a host: added to each wake.");
    private readonly Option<bool> _simulate = new("--simulate") { Description = "Run under a fake clock: no machine noise, the same output every time." };
    private readonly Option<bool> _strict = new("--strict") { Description = "Fail unless every expectation holds in this run." };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document to standard output instead of tables." };
    private readonly Option<string?> _plot = new("--plot") { Description = "Draw the latency distributions into this PNG file.", HelpName = "FILE.png" };

    private readonly Option<string?> _record = new("--record") { Description = "Record the conversation of guest and host into this file, for vmbus trace.", HelpName = "FILE" };

    /// <summary>Makes the command.</summary>
    public LatencyCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("latency", "Measure what the low-latency switch does to real traffic: latency, throughput, signals and wakeups of each mode under each load.")
        {
            _seconds, _size, _window, _pace, _spin, _ring, _modes, _loads, _processes, _simulate, _hypercallCost, _wakeCost, _json, _plot, _record, _strict,
        };
        _modes.CompletionSources.Add([.. Spelling.AllModes.Select(Spelling.Name)]);
        _loads.CompletionSources.Add([.. Spelling.AllLoads.Select(Spelling.Name)]);
        _processes.CompletionSources.Add("1", "2");
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    /// <summary>Reads the options of a parsed command line.</summary>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public LatencyOptions Read(ParseResult line)
    {
        LatencyOptions options = new()
        {
            CellTime = line.GetValue(_simulate) && line.GetResult(_seconds) is { Implicit: true }
                ? SimulatedCellTime
                : Quantity.Seconds(_seconds.Name, Value(_seconds), 0.01, 3600),
            MessageSize = Quantity.Bytes(_size.Name, Value(_size), LatencyOptions.MinMessageSize, LatencyOptions.MaxMessageSize),
            Window = Quantity.Duration(_window.Name, Value(_window), TimeSpan.FromTicks(1), MaxWindow),
            Pace = Quantity.Duration(_pace.Name, Value(_pace), TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(10)),
            Spin = Quantity.Duration(_spin.Name, Value(_spin), TimeSpan.Zero, TimeSpan.FromSeconds(10)),
            RingSize = Quantity.RingBytes(_ring.Name, Value(_ring)),
            Modes = Quantity.Names(_modes.Name, Value(_modes), Spelling.AllModes, Spelling.Name),
            Loads = Quantity.Names(_loads.Name, Value(_loads), Spelling.AllLoads, Spelling.Name),
            Processes = Quantity.Processes(_processes.Name, Value(_processes)),
            Simulate = line.GetValue(_simulate),
            HypercallCost = Quantity.Duration(_hypercallCost.Name, Value(_hypercallCost), TimeSpan.Zero, TimeSpan.FromSeconds(1)),
            WakeCost = Quantity.Duration(_wakeCost.Name, Value(_wakeCost), TimeSpan.Zero, TimeSpan.FromSeconds(1)),
            Json = line.GetValue(_json),
            PlotFile = line.GetValue(_plot),
            RecordFile = line.GetValue(_record),
        };
        options.Validate();
        if (options.PlotFile is { } plot)
            PlotFile.Check(plot);
        return options;

        string Value(Option<string> option) => line.GetValue(option)!;
    }

    /// <summary>An option with a default that the help shows.</summary>
    internal static Option<string> Text(string name, string helpName, string fallback, string description) =>
        new(name) { HelpName = helpName, Description = description, DefaultValueFactory = _ => fallback };

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        LatencyOptions options = Read(line);
        using ConversationRecorder? recorder = options.RecordFile is { } file ? ConversationFile.Record(file) : null;
        ILatencyEngine engine = _engines.Latency(options, recorder);
        LatencyReport report = await ProgressDisplay.RunAsync(
            _terminal,
            display => new LatencyRun(options, engine).Run(display, cancellationToken)).ConfigureAwait(false);

        if (options.Json)
            _terminal.Out.WriteLine(JsonSerializer.Serialize(LatencyDocument.From(report, VmBusCommand.Version), ToolJson.Indented.LatencyDocument));
        else
            _terminal.WriteLaidOut(console => LatencyTables.Write(console, report));

        if (options.PlotFile is { } plot)
        {
            PlotFile.Write(plot, LatencyPlot.Render(report));
            if (!options.Json)
                _terminal.Out.WriteLine($"Distributions drawn in {plot}");
        }

        if (recorder?.Failure is { } failure)
            throw new ToolException($"cannot write '{options.RecordFile}': {failure.Message.TrimEnd('.')}; {recorder.Lost} messages are not in it", failure);
        return line.GetValue(_strict) && LatencySummary.Findings(report).Any(finding => finding.Holds != true) ? ExitCode.Failed : ExitCode.Success;
    }
}

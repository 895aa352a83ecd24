// vmbus timeline: what each mode does when the load changes under it.

using System.CommandLine;

namespace VmBus.Tool;

/// <summary>The <c>timeline</c> command.</summary>
internal sealed class TimelineCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus timeline                            a dialogue, a stream, a stream with answers, in each mode
          vmbus timeline --plot timeline.png        the same, as a picture
        """;

    private readonly Terminal _terminal;
    private readonly Option<string> _seconds = LatencyCommand.Text("--seconds", "SECONDS", "1", "How long each mode runs, all three loads together.");
    private readonly Option<string> _size = LatencyCommand.Text("--size", "BYTES", "64", "Payload of each message.");
    private readonly Option<string> _window = LatencyCommand.Text("--window", "TIME", "100us", "Monitor latency: how often the hypervisor's scan runs. A bare number is in µs.");
    private readonly Option<string?> _plot = new("--plot") { Description = "Draw latency and batching over time into this PNG file.", HelpName = "FILE.png" };

    /// <summary>Makes the command.</summary>
    public TimelineCommand(Terminal terminal)
    {
        _terminal = terminal;
        Command = new Command("timeline", "Run a changing load in each mode (a ping-pong, a stream, a stream with answers), and show how adaptive handles it.")
        {
            _seconds, _size, _window, _plot,
        };
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        LatencyOptions options = new()
        {
            CellTime = Quantity.Seconds(_seconds.Name, line.GetValue(_seconds)!, 0.1, 3600),
            MessageSize = Quantity.Bytes(_size.Name, line.GetValue(_size)!, LatencyOptions.MinMessageSize, LatencyOptions.MaxMessageSize),
            Window = Quantity.Duration(_window.Name, line.GetValue(_window)!, TimeSpan.FromTicks(1), LatencyCommand.MaxWindow),
            PlotFile = line.GetValue(_plot),
        };
        options.Validate();
        if (options.PlotFile is { } path)
            PlotFile.Check(path);

        IReadOnlyList<(SignalMode Mode, TimelineRecorder Recorder)> results = await ProgressDisplay.RunAsync(
            _terminal,
            display => new TimelineRun(options).Run(display, cancellationToken)).ConfigureAwait(false);
        TimelineText.Write(_terminal.Out, options, results);
        if (options.PlotFile is { } plot)
        {
            AdaptiveTimeline.Save(
                plot,
                [.. results.Select(one => one.Recorder.Series(one.Mode))],
                options.Window,
                [.. TimelineRun.Loads.Select((load, at) => (at * options.CellTime / TimelineRun.Loads.Count, load.Name()))],
                $"{options.MessageSize}-byte messages, guest and host in one process, {Environment.ProcessorCount} cores, no modelled costs");
            _terminal.Out.WriteLine($"Drawn over time in {plot}");
        }

        return ExitCode.Success;
    }
}

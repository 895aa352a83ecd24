// vmbus report: one file that tells others what this guest's VMBus is and does.

using System.CommandLine;
using System.Text.Json;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>report</c> command.</summary>
internal sealed class ReportCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        In the report:
          the versions of the tool, the kernel and .NET; the model and number of processors; the classes of devices, their
          drivers, channels, monitors and counters; the output of 'vmbus doctor'; with --measure, the window.
        Not in it:
          host names, user names, addresses, instance GUIDs, device paths, or any data from a ring. The report is text:
          read it before you send it.

        Examples:
          vmbus report                                             into vmbus-report.json
          vmbus report --measure vmbus:14 --hints 100us,1ms,5ms    with the measured window
          vmbus report - | jq .channels                            to standard output
        """;

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Argument<string> _file = new("FILE") { Description = "The file to write, or - for standard output.", DefaultValueFactory = _ => "vmbus-report.json" };
    private readonly WindowArguments _measure = new("Measure a device's window as well: see vmbus monitor --measure.");
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public ReportCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("report", "Describe this Linux guest's VMBus in one file to send: no names, no addresses.")
        {
            _file, _sysfs,
        };
        _measure.AddTo(Command);
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string file = line.GetRequiredValue(_file);
        bool isOut = file == "-";
        if (!isOut && Path.Exists(file))
            throw new ToolException($"'{file}' is there already: give another name");
        WindowOptions? measure = _measure.Read(line);
        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        IReadOnlyList<TopRow> rows = TopRows.From(LowLatencyChannel.WithFlags(sysfs, sysfs.ListDevices()));
        WindowReport? window = measure is null ? null : await WindowMeasurement.RunAsync(measure, sysfs, _terminal, cancellationToken).ConfigureAwait(false);
        string json = JsonSerializer.Serialize(new ReportDocument(
            ReportDocument.SchemaName, VmBusCommand.Version, MachineFacts.Read(), Processor(_engines.Proc), LowLatencyChannel.HasModule(sysfs),
            [.. rows.Select(ReportDocument.ReportedChannel.From)], new Diagnosis("/", Environment.IsPrivilegedProcess).All(),
            window is null ? null : WindowDocument.MeasuredPart.From(window)), ToolJson.Indented.ReportDocument);
        if (isOut)
        {
            _terminal.Out.WriteLine(json);
            return ExitCode.Success;
        }

        try
        {
            await using FileStream stream = new(file, FileMode.CreateNew, FileAccess.Write);
            await using StreamWriter writer = new(stream);
            await writer.WriteLineAsync(json.AsMemory(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{file}': {e.Message}", e);
        }

        _terminal.Out.WriteLine($"wrote {file}: {rows.Count} channels{(window is null ? "" : $", the window of channel {window.Relid}")}; it names no machine, no person and no address");
        return ExitCode.Success;
    }

    private static string? Processor(string proc)
    {
        try
        {
            return File.ReadLines(Path.Combine(proc, "cpuinfo")).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

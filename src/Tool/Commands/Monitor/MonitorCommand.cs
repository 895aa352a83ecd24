// vmbus monitor: the monitor pages of this Linux guest, and the latency hints in them.

using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace VmBus.Tool;

/// <summary>The <c>monitor</c> command.</summary>
internal sealed class MonitorCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        How it works:
          Without --device and --uio it reads sysfs only, which shows each channel's own monitor. With one of them it maps
          the guest-to-host page through a device bound to uio_hv_generic, which needs root. The whole guest has one such
          page: through any such device the latency of every channel can be set. Opening the device node opens that
          device's channel to the host for a moment, unless a process has the node open already. No lock is taken, and
          no ring is touched.
          A latency is a hint: how long the hypervisor may wait between two inspections, 0.1 us to 6.5535 ms in steps of
          0.1 us. It inspects a whole trigger group at about the lowest latency in it, and may not follow a hint that is
          too small or too large. The hint stays until another is set, or the device is offered again.

        What --measure does:
          It opens a device's channel over uio_hv_generic, sets the bit of its monitor, and measures how long the
          hypervisor takes to clear it: the window, on any host. The ring is empty, so the host finds nothing at these
          signals; there are few, 5 ms apart. With the module vmbus_signal it also times the hypercall.

        Examples:
          vmbus monitor --measure vmbus:14 --hints 100us,1ms,5ms --plot window.png
          vmbus monitor                                      both pages, as sysfs shows them
          vmbus monitor --uio /dev/uio0 --all                every monitor in the guest-to-host page
          vmbus monitor --device 1eccfd72-4b41-45ef-b73a-4a6e44c12924 --set-latency 50us
          vmbus monitor --device ed963694-e847-4b2a-85af-bc9cfc11d6f3 --channel 21 --set-latency 20us --uio /dev/uio0
                                                             the channel of another device, through uio0
          vmbus monitor --json | jq '.channels[] | select(.monitor_id) | {relid, us: .to_host.latency_us}'
        """;

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<string?> _device = new("--device") { Description = "The instance of a device: the page is mapped through its UIO device, unless --uio names another.", HelpName = "GUID" };
    private readonly Option<string?> _uio = new("--uio") { Description = "The UIO device to map the page through.", HelpName = "/dev/uioN" };
    private readonly Option<string?> _channel = new("--channel") { Description = "The relid of the channel whose latency is set; the primary by default.", HelpName = "RELID" };
    private readonly Option<string?> _latency = new("--set-latency") { Description = "Set the latency hint of a channel's monitor. A bare number is in µs.", HelpName = "TIME" };
    private readonly Option<bool> _all = new("--all") { Description = "Also show unused monitors." };
    private readonly WindowArguments _measure = new($"Measure how long a device's monitor bit stays set: {DeviceChoice.Forms}.");
    private readonly Option<string?> _plot = new("--plot") { Description = "With --measure: draw the result into this PNG file.", HelpName = "FILE.png" };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public MonitorCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("monitor", "Show the monitor pages of this Linux guest, set a channel's latency hint, or measure the window.")
        {
            _device, _channel, _latency, _uio, _all, _json, _sysfs,
        };
        _measure.AddTo(Command);
        Command.Options.Add(_plot);
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    /// <summary>Reads the options of a parsed command line.</summary>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public MonitorOptions Read(ParseResult line)
    {
        MonitorOptions options = new()
        {
            Device = line.GetValue(_device) is not { } device ? null
                : Guid.TryParse(device, out Guid instance) ? instance : throw new UsageException($"{_device.Name} {device}: not a GUID (see 'vmbus list -vv')"),
            Channel = line.GetValue(_channel) is not { } channel ? null
                : uint.TryParse(channel, NumberStyles.None, CultureInfo.InvariantCulture, out uint relid) ? relid : throw new UsageException($"{_channel.Name} {channel}: not a relid, which is a number"),
            Uio = line.GetValue(_uio),
            Latency = line.GetValue(_latency) is { } latency ? Quantity.Duration(_latency.Name, latency, MonitorOptions.LeastLatency, MonitorOptions.MostLatency) : null,
            IsAll = line.GetValue(_all),
            IsJson = line.GetValue(_json),
            Sysfs = line.GetValue(_sysfs)!,
        };
        options.Validate();
        return options;
    }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        MonitorOptions options = Read(line);
        if (ReadMeasure(line, options) is { } measure)
        {
            await MeasureAsync(measure, line.GetValue(_plot), options, cancellationToken).ConfigureAwait(false);
            return ExitCode.Success;
        }

        MonitorReport report = MonitorRun.Run(options);
        if (options.IsJson)
            _terminal.Out.WriteLine(JsonSerializer.Serialize(MonitorDocument.From(report, options.IsAll, VmBusCommand.Version), ToolJson.Indented.MonitorDocument));
        else
            _terminal.WriteLaidOut(console => MonitorTables.Write(console, report, options.IsAll));
        return ExitCode.Success;
    }

    private WindowOptions? ReadMeasure(ParseResult line, MonitorOptions options)
    {
        WindowOptions? measure = _measure.Read(line);
        string? plot = line.GetValue(_plot);
        if (plot is not null && measure is null)
            throw new UsageException($"{_plot.Name} belongs to {_measure.Measure.Name}");
        if (measure is not null && (options.Device is not null || options.Uio is not null || options.Latency is not null || options.IsAll))
            throw new UsageException($"{_measure.Measure.Name} goes with --hints, --samples, --bind, {_plot.Name} and {_json.Name} only");
        if (plot is not null)
            PlotFile.Check(plot);
        return measure;
    }

    private async Task MeasureAsync(WindowOptions measure, string? plot, MonitorOptions options, CancellationToken cancellationToken)
    {
        WindowReport report = await WindowMeasurement.RunAsync(measure, _engines.Sysfs(options.Sysfs), _terminal, cancellationToken).ConfigureAwait(false);
        if (options.IsJson)
            _terminal.Out.WriteLine(JsonSerializer.Serialize(WindowDocument.From(report, VmBusCommand.Version), ToolJson.Indented.WindowDocument));
        else
            _terminal.WriteLaidOut(console => WindowTables.Write(console, report));
        if (plot is null)
            return;
        PlotFile.Write(plot, WindowPlot.Render(report));
        _terminal.Error.WriteLine($"vmbus: drew {plot}");
    }
}

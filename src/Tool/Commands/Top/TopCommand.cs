// vmbus top: the channels of this Linux guest, live.

using System.CommandLine;
using System.Globalization;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>top</c> command.</summary>
internal sealed class TopCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Keys:
          q quit  p pause  space read now  t totals or rates  r reverse  h help with all columns
          < > sort by the next column; c d v s l o n i e f sort by channel, device, vp, signal, latency,
          out, in, interrupts, events, full-total; arrows, PgUp, PgDn scroll

        Without a terminal, tables are written one below the other. A dash: the kernel does not show the value. The
        kernel does not count monitored signals: events are signals by hypercall only.

        Examples:
          vmbus top                                  live, every second
          vmbus top --sort interrupts --interval 5   the channels with the most interrupts first
          vmbus top --count 10 > log                 ten tables, a second apart
          vmbus top --process vmbus                  the channels of a running vmbus host, or of any program of this library
          vmbus top --once                           one table, counters as totals
          vmbus top --once --json --count 2 | jq '.channels[] | {relid, rate: .rates.interrupts}'
        """;

    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MostInterval = TimeSpan.FromHours(1);

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<string> _interval = new("--interval") { Description = "Time between readings: seconds, or a number with ms or s.", HelpName = "TIME", DefaultValueFactory = _ => "1" };
    private readonly Option<string?> _count = new("--count") { Description = "End after this many readings.", HelpName = "N" };
    private readonly Option<bool> _once = new("--once") { Description = "Show one reading: the first, or with --count the last, which has rates." };
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON: one document with --once, else one a line and reading." };
    private readonly Option<string> _sort = new("--sort") { Description = $"Sort by a column: {string.Join(", ", TopColumns.All.Select(column => column.Name))}.", HelpName = "COLUMN", DefaultValueFactory = _ => TopColumns.Default.Name };
    private readonly Option<bool> _reverse = new("--reverse") { Description = "Reverse the order." };
    private readonly Option<string?> _process = new("--process") { Description = "Show the channels of a .NET program that uses this library, by its metrics, instead of this guest's.", HelpName = "PID|NAME" };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public TopCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("top", "Show every channel of this Linux guest live: signals, interrupts, ring fill, monitor and latency.")
        {
            _interval, _count, _once, _json, _sort, _reverse, _process, _sysfs,
        };
        _sort.CompletionSources.Add([.. TopColumns.All.Select(column => column.Name)]);
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    /// <summary>Reads the options of a parsed command line.</summary>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public TopOptions Read(ParseResult line) => new()
    {
        Interval = Quantity.Interval(_interval.Name, line.GetValue(_interval)!, LeastInterval, MostInterval),
        Count = line.GetValue(_count) is { } count ? Count(count) : null,
        IsOnce = line.GetValue(_once),
        IsJson = line.GetValue(_json),
        Sort = Quantity.Names(_sort.Name, line.GetValue(_sort)!, TopColumns.All, column => column.Name) is [var column]
            ? column
            : throw new UsageException($"{_sort.Name} {line.GetValue(_sort)}: one column only"),
        IsReversed = line.GetValue(_reverse),
    };

    private int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1
            ? count
            : throw new UsageException($"{_count.Name} {text}: must be a number from 1 on");

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TopOptions options = Read(line);
        if (line.GetValue(_process) is { } process)
            return await RunProcessAsync(process, options, cancellationToken).ConfigureAwait(false);
        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        IReadOnlyList<SysfsDevice> devices = [];
        TopRun run = new(options, () => devices = LowLatencyChannel.WithFlags(sysfs, sysfs.ListDevices(devices)), TimeProvider.System);
        if (_terminal.Screen is { } screen && options is { IsOnce: false, IsJson: false })
            await run.ShowAsync(screen, cancellationToken).ConfigureAwait(false);
        else
            await run.PrintAsync(_terminal, cancellationToken).ConfigureAwait(false);
        return ExitCode.Success;
    }

    private async Task<int> RunProcessAsync(string text, TopOptions options, CancellationToken cancellationToken)
    {
        int process = ProcessMeterSession.Find(text);
        using ProcessMeterSession session = ProcessMeterSession.Open(process, options.Interval);
        ProcessTopRun run = new(process, options, session.Readings);
        if (_terminal.Screen is { } screen && options is { IsOnce: false, IsJson: false })
        {
            if (await run.ShowAsync(screen, cancellationToken).ConfigureAwait(false))
                await _terminal.Error.WriteLineAsync($"Process {process} has ended.").ConfigureAwait(false);
        }
        else
        {
            await run.PrintAsync(_terminal, cancellationToken).ConfigureAwait(false);
        }
        return ExitCode.Success;
    }
}

// The report as a person reads it on a terminal or in a log: one table a load, two where the width is short, then
// what the run shows in sentences. Standard output only; progress is elsewhere.

using Spectre.Console;

namespace VmBus.Tool;

/// <summary>Renders a report with Spectre.Console.</summary>
internal static class LatencyTables
{
    // Sentences across a whole wide screen are hard to read.
    private const int WidestText = 110;
    private const int Indent = 2;
    private const int Gap = 2;

    /// <summary>Writes the whole report.</summary>
    /// <param name="console">Where to; its width decides between one table a load and two.</param>
    /// <param name="report">The report.</param>
    public static void Write(IAnsiConsole console, LatencyReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        WriteHead(console, report);
        foreach (LoadKind load in report.Options.Loads)
            WriteLoad(console, report, load);
        WriteFindings(console, LatencySummary.Findings(report));
    }

    private static void WriteHead(IAnsiConsole console, LatencyReport report)
    {
        LatencyOptions options = report.Options;
        console.Write(new Text("VMBus signalling, guest to host", new Style(decoration: Decoration.Bold)));
        console.WriteLine();

        Grid grid = Sentences(console, labelWidth: 8);
        Row("run", $"window {Units.Duration(options.Window)}, {options.MessageSize}-byte messages, ring {Kibibytes(options.RingSize)}, "
            + $"{Units.Duration(options.CellTime)} a cell, " + Place(options));
        if (report.Machine is { } machine)
            Row("machine", $"{machine.Cores} {(machine.Cores == 1 ? "core" : "cores")}, {machine.OperatingSystem}, {machine.Architecture}, {machine.Runtime}");
        if (report.IsBusy)
            Row("busy", FormattableString.Invariant($"the load of this machine was {report.LoadAverage:0.0} before the run, more than it has cores: times are those of a busy machine"));
        if (report.IsNoisy && report.OtherCores is { } others)
            Row("others", FormattableString.Invariant($"other programs had {others:0.0} cores of this machine during the run"));
        if (report.Noise is { } noise)
            Row("noise", Error(noise));
        Row("modelled", Modelled(options));
        Row("columns", Columns(report));
        console.Write(grid);
        return;

        void Row(string name, string text) => grid.AddRow(Quiet(name), new Text(text));
    }

    private static Grid Sentences(IAnsiConsole console, int labelWidth)
    {
        int text = Math.Min(console.Profile.Width, WidestText) - Indent - labelWidth - Gap;
        Grid grid = new();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(Indent, 0, Gap, 0), Width = labelWidth });
        grid.AddColumn(new GridColumn { Padding = new Padding(0), Width = Math.Max(text, 20) });
        return grid;
    }

    private static string Columns(LatencyReport report)
    {
        string text = "monitored, hypercall, none: what became of each signal; wakeups: of the host";
        if (report.Cells.Any(static cell => cell.Signals.Promoted > 0))
            text += "; hypercalls of urgent: those that overtook a monitored signal still pending";
        if (report.Cells.Any(static cell => cell.Cpu is { HasParts: true }))
            text += "; CPU %: of one core, guest+host+scan";
        else if (report.Cells.Any(static cell => cell.Cpu is not null))
            text += "; CPU %: of one core, all threads";
        return text;
    }

    private static string Place(LatencyOptions options) => (options.Simulate, options.Processes) switch
    {
        (true, _) => "simulated under a fake clock",
        (_, 1) => $"guest and host in one process, on a core each where there are two; {Spins(options)}",
        _ => $"guest and host in two processes, on a core each where there are two; {Spins(options)}",
    };

    private static string Spins(LatencyOptions options) => options.Spin == TimeSpan.Zero
        ? "an end that waits sleeps at once"
        : $"an end that waits spins for {Units.Duration(options.Spin)} before it sleeps";

    private static string Kibibytes(int bytes) => $"{bytes / 1024} KiB";

    private static string Error(MachineNoise noise)
    {
        string wake = (noise.WakeAcrossCores, noise.WakeOnOneCore) switch
        {
            ({ } across, { } one) => $"waking a thread costs {Units.Duration(across)} across cores, {Units.Duration(one)} on one core; ",
            (null, { } one) => $"waking a thread costs {Units.Duration(one)} on one core; ",
            ({ } across, null) => $"waking a thread costs {Units.Duration(across)}; ",
            _ => "",
        };
        return $"a {Units.Duration(noise.SleepAsked)} sleep takes {Units.Duration(noise.SleepP50)} (p50), {Units.Duration(noise.SleepP99)} (p99), "
            + $"{Units.Duration(noise.SleepMax)} (max); {wake}clock read {Units.Duration(noise.ClockRead)}, interlocked OR {Units.Duration(noise.Interlocked)}";
    }

    private static string Modelled(LatencyOptions options)
    {
        if (options.Simulate)
            return $"hypercall {Units.Duration(options.HypercallCost)}, host wake {Units.Duration(options.WakeCost)}";
        string costs = $"hypercall + {Units.Duration(options.HypercallCost)}, host wake + {Units.Duration(options.WakeCost)}";
        bool none = options.HypercallCost == TimeSpan.Zero && options.WakeCost == TimeSpan.Zero;
        return none ? $"{costs}: nothing added; a hypercall here is a function call" : $"{costs}: added to what this machine takes";
    }

    private static void WriteLoad(IAnsiConsole console, LatencyReport report, LoadKind load)
    {
        LatencyCell[] cells = [.. report.Cells.Where(cell => cell.Load == load)];
        console.WriteLine();
        console.Write(new Paragraph()
            .Append(load.Name(), new Style(decoration: Decoration.Bold))
            .Append($"  {load.Explain(report.Options.Pace)}", new Style(Color.Grey)));
        console.WriteLine();

        LatencyColumn[] latency = [.. LatencyColumn.Latency];
        LatencyColumn[] cost = [.. LatencyColumn.Cost(load, cells)];
        int room = console.Profile.Width - Indent - ModeWidth;
        if (latency.Concat(cost).Sum(column => Gap + Width(column, cells)) <= room)
        {
            console.Write(Build(console, [.. latency, .. cost], cells));
            return;
        }

        foreach (LatencyColumn[] columns in Pack(latency, cells, room))
            console.Write(Build(console, columns, cells));
        foreach (LatencyColumn[] columns in Pack(cost, cells, room))
        {
            console.WriteLine();
            console.Write(Build(console, columns, cells));
        }
    }

    private static int ModeWidth { get; } = Spelling.AllModes.Max(mode => mode.Name().Length);

    // As many columns a table as fit, at least one.
    private static IEnumerable<LatencyColumn[]> Pack(LatencyColumn[] columns, LatencyCell[] cells, int room)
    {
        List<LatencyColumn> table = [];
        int used = 0;
        foreach (LatencyColumn column in columns)
        {
            int width = Gap + Width(column, cells);
            if (table.Count > 0 && used + width > room)
            {
                yield return [.. table];
                table.Clear();
                used = 0;
            }

            table.Add(column);
            used += width;
        }

        yield return [.. table];
    }

    private static int Width(LatencyColumn column, LatencyCell[] cells) =>
        cells.Select(cell => Math.Max(column.Value(cell).Length, Urgent(column, cell).Length)).Append(column.Header.Length).Max();

    private static string Urgent(LatencyColumn column, LatencyCell cell) =>
        cell.UrgentLatencies is null ? "" : column.UrgentValue?.Invoke(cell) ?? "";

    private static Grid Build(IAnsiConsole console, LatencyColumn[] columns, LatencyCell[] cells)
    {
        char line = console.Profile.Capabilities.Unicode ? '─' : '-';
        Grid table = new();
        table.AddColumn(new GridColumn { Padding = new Padding(Indent, 0, 0, 0), Width = ModeWidth, NoWrap = true });
        List<Text> headers = [Quiet("mode")];
        List<Text> rule = [Quiet(new string(line, ModeWidth))];
        foreach (LatencyColumn column in columns)
        {
            int width = Width(column, cells);
            table.AddColumn(new GridColumn { Alignment = Justify.Right, Padding = new Padding(Gap, 0, 0, 0), Width = width, NoWrap = true });
            headers.Add(Quiet(column.Header));
            rule.Add(Quiet(new string(line, width)));
        }

        table.AddRow([.. headers]);
        table.AddRow([.. rule]);
        foreach (LatencyCell cell in cells)
        {
            table.AddRow([Mode(cell.Mode), .. columns.Select(column => new Text(column.Value(cell)))]);
            if (columns.Any(column => Urgent(column, cell).Length > 0))
                table.AddRow([new Text("  urgent"), .. columns.Select(column => new Text(Urgent(column, cell)))]);
        }

        return table;
    }

    private static Text Quiet(string text) => new(text, new Style(Color.Grey));

    private static Text Mode(SignalMode mode) => new(mode.Name(), new Style(mode switch
    {
        SignalMode.Monitored => Color.Blue,
        SignalMode.LowLatency => Color.Olive,
        _ => Color.Green,
    }));

    private static void WriteFindings(IAnsiConsole console, IReadOnlyList<LatencyFinding> findings)
    {
        if (findings.Count == 0)
            return;
        console.WriteLine();
        console.Write(new Text("What this run shows", new Style(decoration: Decoration.Bold)));
        console.WriteLine();
        Grid grid = Sentences(console, findings.Any(static finding => finding.IsNoise) ? "noise".Length : 3);
        foreach (LatencyFinding finding in findings)
        {
            Text mark = finding.Holds switch
            {
                _ when finding.IsNoise => new Text("noise", new Style(Color.Olive)),
                true => new Text("yes", new Style(Color.Green)),
                false => new Text("NO", new Style(Color.Red, decoration: Decoration.Bold)),
                null => new Text("?", new Style(Color.Olive)),
            };
            grid.AddRow(mark, new Text(finding.Text));
        }

        console.Write(grid);
        console.WriteLine();
        int held = findings.Count(finding => finding.Holds == true);
        int failed = findings.Count(finding => finding.Holds == false);
        int noise = findings.Count(finding => finding.IsNoise);
        int untold = findings.Count - held - failed - noise;
        string verdict = held == findings.Count
            ? $"All {findings.Count} expectations hold in this run."
            : $"{held} of {findings.Count} expectations hold in this run"
                + (failed == 0 ? "" : $", {failed} {(failed == 1 ? "does" : "do")} NOT")
                + (untold == 0 ? "" : $", {untold} cannot be told")
                + (noise == 0 ? "." : $", {noise} cannot be told from the noise of this machine: run it again when others leave it alone.");
        console.Write(new Text(verdict));
        console.WriteLine();
    }
}

// The report as a person reads it on a terminal or in a log: one table a load, two where the width is short, then
// what the run shows in sentences. Standard output only; progress is elsewhere.

using Spectre.Console;

namespace VmBus.Tool.Latency;

/// <summary>Renders a report with Spectre.Console.</summary>
internal static class LatencyTables
{
    /// <summary>From this width on a load fits into one table.</summary>
    public const int WideColumns = 136;

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

        Grid grid = new();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2));
        grid.AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        Row("run", $"window {Units.Duration(options.Window)}, {options.MessageSize}-byte messages, ring {Kibibytes(options.RingSize)}, "
            + $"{Units.Duration(options.CellTime)} a cell, " + Place(options));
        if (report.Machine is { } machine)
            Row("machine", $"{machine.Cores} {(machine.Cores == 1 ? "core" : "cores")}, {machine.OperatingSystem}, {machine.Architecture}, {machine.Runtime}");
        if (report.Noise is { } noise)
            Row("its error", Error(noise));
        Row("modelled", Modelled(options));
        console.Write(grid);
        return;

        void Row(string name, string text) => grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(text));
    }

    private static string Place(LatencyOptions options) => (options.Simulate, options.Processes) switch
    {
        (true, _) => "simulated under a fake clock",
        (_, 1) => "guest and host in one process",
        _ => "guest and host in two processes",
    };

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
        string costs = $"hypercall + {Units.Duration(options.HypercallCost)}, host wake + {Units.Duration(options.WakeCost)}";
        bool none = options.HypercallCost == TimeSpan.Zero && options.WakeCost == TimeSpan.Zero;
        return none ? $"{costs}: nothing added, a hypercall here is a function call" : $"{costs}: added to what this machine takes";
    }

    private static void WriteLoad(IAnsiConsole console, LatencyReport report, LoadKind load)
    {
        LatencyCell[] cells = [.. report.Cells.Where(cell => cell.Load == load)];
        console.WriteLine();
        console.Write(new Text(load.Name(), new Style(decoration: Decoration.Bold)));
        console.Write(new Text($"  {load.Explain(report.Options.Pace)}", new Style(Color.Grey)));
        console.WriteLine();

        LatencyColumn[] latency = [.. LatencyColumn.Latency(load)];
        LatencyColumn[] cost = [.. LatencyColumn.Cost(load, cells)];
        if (console.Profile.Width >= WideColumns)
        {
            console.Write(Build([.. latency, .. cost], cells));
        }
        else
        {
            console.Write(Build(latency, cells));
            console.Write(Build(cost, cells));
        }
    }

    private static Table Build(LatencyColumn[] columns, LatencyCell[] cells)
    {
        Table table = new() { Border = TableBorder.Simple, BorderStyle = new Style(Color.Grey) };
        table.AddColumn(new TableColumn(new Text("mode", new Style(Color.Grey))) { Padding = new Padding(1, 0, 0, 0), NoWrap = true });
        foreach (LatencyColumn column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.Header, new Style(Color.Grey)))
            {
                Alignment = Justify.Right,
                Padding = new Padding(2, 0, 0, 0),
                NoWrap = true,
            });
        }

        foreach (LatencyCell cell in cells)
        {
            table.AddRow([Mode(cell.Mode), .. columns.Select(column => Value(column.Value(cell)))]);
            if (cell.UrgentLatencies is not null && columns.Any(column => column.UrgentValue is not null))
                table.AddRow([new Text("  urgent"), .. columns.Select(column => Value(column.UrgentValue?.Invoke(cell) ?? ""))]);
        }

        return table;
    }

    private static Text Value(string text) => new(text);

    private static Text Mode(SwitchMode mode) => new(mode.Name(), new Style(mode switch
    {
        SwitchMode.Monitored => Color.Blue,
        SwitchMode.LowLatency => Color.Olive,
        _ => Color.Green,
    }));

    private static void WriteFindings(IAnsiConsole console, IReadOnlyList<LatencyFinding> findings)
    {
        if (findings.Count == 0)
            return;
        console.WriteLine();
        console.Write(new Text("What this run shows", new Style(decoration: Decoration.Bold)));
        console.WriteLine();
        Grid grid = new();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2));
        grid.AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        foreach (LatencyFinding finding in findings)
        {
            Text mark = finding.Holds switch
            {
                true => new Text("yes", new Style(Color.Green)),
                false => new Text("NO", new Style(Color.Red, decoration: Decoration.Bold)),
                null => new Text("?", new Style(Color.Olive)),
            };
            grid.AddRow(mark, new Text(finding.Text));
        }

        console.Write(grid);
        console.WriteLine();
        int held = findings.Count(finding => finding.Holds == true);
        string verdict = held == findings.Count
            ? $"All {findings.Count} expectations hold in this run."
            : $"{held} of {findings.Count} expectations hold in this run; the others do NOT, for the reasons above.";
        console.Write(new Text(verdict));
        console.WriteLine();
    }
}

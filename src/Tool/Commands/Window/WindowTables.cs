using System.Globalization;
using Spectre.Console;

namespace VmBus.Tool;

/// <summary>What was measured of the monitor's window, as a person reads it.</summary>
internal static class WindowTables
{
    /// <summary>What is about to be done, before it is.</summary>
    public static string Announce(WindowOptions options, string channel)
    {
        int hints = Math.Max(1, options.Hints.Count);
        return string.Create(CultureInfo.InvariantCulture,
            $"measuring {channel}: up to {hints * 2 * options.Samples} signals by monitor and {options.Samples} by hypercall, {Units.Duration(options.Pace)} apart; the host finds its ring empty at each");
    }

    /// <summary>Writes a report.</summary>
    public static void Write(IAnsiConsole console, WindowReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"channel {report.Relid} ({report.Name}), monitor {report.MonitorId}: from one inspection of its bit to the next"));
        ColumnTable.Write(console, ["hint", "samples", "p1", "p50", "p99", "most"], [], report.Cells.Select(cell => (string[])
            [Units.Duration(cell.Hint), .. Row(cell.Windows, 1, 50, 99)]));
        console.WriteLine();
        console.WriteLine("how long a message at a random moment waits");
        IEnumerable<string[]> rows = report.Cells.Select(cell => (string[])[$"by monitor, {Units.Duration(cell.Hint)}", .. Row(cell.Waits, 1, 50, 99)]);
        if (report.Calls is { } calls)
            rows = rows.Append(["by hypercall, the call", .. Row(calls, 1, 50, 99)]);
        ColumnTable.Write(console, ["signal", "samples", "p1", "p50", "p99", "most"], [0], rows);
        foreach (WindowCell cell in report.Cells)
        {
            if (cell.Lowest < cell.Hint)
                console.WriteLine($"With the hint {Units.Duration(cell.Hint)}: the trigger group is inspected by its lowest hint, {Units.Duration(cell.Lowest)}.");
            if (cell.NotTaken > 0)
                console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"With the hint {Units.Duration(cell.Hint)}: {cell.NotTaken} bits were not taken in time."));
        }

        if (report.Calls is null)
            console.WriteLine($"To see the cost of the call beside it, {VmBus.Linux.SignalModule.Advice}.");
    }

    private static string[] Row(LatencyHistogram times, params ReadOnlySpan<double> percentiles)
    {
        List<string> cells = [times.Count.ToString(CultureInfo.InvariantCulture)];
        foreach (double percentile in percentiles)
            cells.Add(times.Count == 0 ? TopNumber.Unknown : Units.Duration(times.Percentile(percentile)));
        cells.Add(times.Count == 0 ? TopNumber.Unknown : Units.Duration(times.Max));
        return [.. cells];
    }
}

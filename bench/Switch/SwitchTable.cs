using System.Globalization;
using System.Text;
using VmBus.Switch.Guest;
using VmBus.Tool;

namespace VmBus.Switch;

/// <summary>The figures as text that goes into a document: Markdown.</summary>
internal static class SwitchTable
{
    /// <summary>A table for each guest, and what it shows.</summary>
    public static string Of(SwitchFile file)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"Taken {file.Taken:yyyy-MM-dd HH:mm} UTC on {file.Processor}, {file.Cores} cores, which emulates the machine. {(file.Note.Length == 0 ? "" : file.Note + " ")}{Guest(file.Runs[0])}\n");
        foreach (SwitchRun run in file.Runs)
            Append(text, run);
        return text.ToString();
    }

    /// <summary>A count for each request, as it is written.</summary>
    public static string PerRequest(double count) => count switch
    {
        0 => "0",
        < 0.01 => count.ToString("0.0000", CultureInfo.InvariantCulture),
        < 1 => count.ToString("0.000", CultureInfo.InvariantCulture),
        _ => count.ToString("0.00", CultureInfo.InvariantCulture),
    };

    private static string Guest(SwitchRun run) => string.Create(CultureInfo.InvariantCulture,
        $"The guest: Linux {run.Guest.Kernel}, {run.Guest.Vps} VP; it reads its clock in {Units.Duration(run.Guest.ClockNs)}.");

    private static void Append(StringBuilder text, SwitchRun run)
    {
        text.Append(CultureInfo.InvariantCulture, $"\nWindow {Units.Duration(run.WindowUs * 1000)}:\n\n");
        text.Append("| load | signals | p50 | p99 | requests/s | MB/s | by monitor, a request | by hypercall, a request | host wake-ups, a request |\n");
        text.Append("|---|---|---|---|---|---|---|---|---|\n");
        foreach (SwitchCell cell in run.Cells)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {SwitchLoad.Of(cell.Load).Title} | {Mode(cell.Mode)} | {Time(cell.MedianUs)} | {Time(cell.P99Us)} | {Units.Count(cell.RequestsPerSecond)} | {cell.MegabytesPerSecond:0.00} | {PerRequest(cell.MonitoredPerRequest)} | {PerRequest(cell.CalledPerRequest)} | {PerRequest(cell.WakeupsPerRequest)} |\n");
        }

        text.Append('\n');
        foreach ((bool holds, string finding) in SwitchFindings.Of(run))
            text.Append(CultureInfo.InvariantCulture, $"- {(holds ? "yes" : "**no**")}: {finding}.\n");
    }

    private static string Mode(string mode) => mode == GuestLine.Monitored ? "monitor" : "low latency";

    private static string Time(double? microseconds) => microseconds is { } time ? Units.Duration(time * 1000) : "–";
}

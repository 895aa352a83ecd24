// The monitor pages as a person reads them: what sysfs tells of both, or all of the mapped one.

using System.Globalization;
using Spectre.Console;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Renders a report with Spectre.Console.</summary>
internal static class MonitorTables
{
    /// <summary>Writes a report.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="all">Whether unused monitors are shown as well.</param>
    public static void Write(IAnsiConsole console, MonitorReport report, bool all)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        if (report.Change is { } change)
        {
            WriteChange(console, report, change);
            return;
        }

        if (report.Page is { } page)
            WritePage(console, report, page, all);
        else if (report.Monitored.Any())
            WriteSide(console, "guest to host: a bit here signals the host", report.Monitored, static row => (row.PendingWord, row.Latency, Of(row)?.GuestMonitor?.ConnectionId));
        TopRow[] incoming = [.. report.Monitored.Where(row => Of(row)?.HostMonitor is not null)];
        if (incoming.Length > 0)
        {
            console.WriteLine();
            WriteSide(console, "host to guest: a bit here signals the guest", incoming,
                static row => (Of(row)!.HostMonitor!.Pending, Of(row)!.HostMonitor!.Latency, Of(row)!.HostMonitor!.ConnectionId));
        }

        if (report.Monitored.Any())
            console.WriteLine();
        WriteOthers(console, "No monitor, each signal is a hypercall", [.. report.Channels.Where(row => row.IsMonitored == false)]);
        WriteOthers(console, "The kernel does not say whether they have a monitor", [.. report.Channels.Where(row => row.IsMonitored is null)]);
        if (report.Page is null)
            WriteText(console, "All of the guest-to-host page, with armed bits: --device or --uio.", Color.Grey);
    }

    // What sysfs tells of a device is of its primary channel.
    private static SysfsDevice? Of(TopRow row) => row.Relid == row.Device.Relid ? row.Device : null;

    private static void WriteChange(IAnsiConsole console, MonitorReport report, MonitorChange change)
    {
        WriteText(console, string.Create(CultureInfo.InvariantCulture,
            $"channel {change.Channel.Relid} ({change.Channel.Name}), monitor {change.MonitorId}: latency {Units.Duration(change.Before)} before, {Units.Duration(change.After)} now"));
        int group = change.MonitorId / MonitorPage.MonitorsPerGroup;
        if (report.Page?.Lowest(group) is { } lowest && lowest.Id != change.MonitorId && lowest.Latency < change.After)
            WriteText(console, $"Its trigger group {group} is examined at its lowest latency: {Units.Duration(lowest.Latency)}, monitor {lowest.Id}.");
    }

    private static void WriteSide(IAnsiConsole console, string title, IEnumerable<TopRow> rows, Func<TopRow, (uint? Pending, TimeSpan? Latency, uint? Connection)> side)
    {
        WriteTitle(console, title);
        ColumnTable.Write(console, ["mon", "bit", "chan", "device", "pending", "group's word", "latency", "conn id"], [3], rows.Select(row =>
        {
            (uint? pending, TimeSpan? latency, uint? connection) = side(row);
            int id = row.MonitorId!.Value;
            return (string[])[TopNumber.Id(id), Place(id), TopNumber.Id(row.Relid), row.Name, Bit(TopRow.IsPendingIn(pending, id)), Word(pending), Time(latency), Word(connection, 1)];
        }));
    }

    private static void WritePage(IAnsiConsole console, MonitorReport report, MonitorPageCopy page, bool all)
    {
        WriteTitle(console, $"guest to host: the page through {report.Uio}, trigger state {Word(page.TriggerState.Value, 1)}");
        ColumnTable.Write(console, ["group", "examined", "pending", "armed", "lowest latency"], [4], page.Groups.Select(group => (string[])
            [TopNumber.Id(group.Number), group.IsEnabled ? "yes" : "rarely", Word(group.Pending), Word(group.Armed),
                page.Lowest(group.Number) is { } lowest ? $"{Units.Duration(lowest.Latency)} (mon {lowest.Id})" : TopNumber.Unknown]));
        console.WriteLine();
        string[][] monitors = [.. report.Monitors(all).Select(one => (string[])
            [TopNumber.Id(one.Monitor.Id), Place(one.Monitor.Id), TopNumber.Id(one.Channel?.Relid), one.Channel?.Name ?? TopNumber.Unknown,
                Bit(one.Monitor.IsPending), Bit(one.Monitor.IsArmed), Time(one.Monitor.Latency), Word(one.Monitor.ConnectionId, 1),
                TopNumber.Id(one.Monitor.FlagNumber), TopNumber.Id(one.Monitor.NextCheckTime)])];
        if (monitors.Length == 0)
            WriteText(console, "  No monitor is in use.");
        else
            ColumnTable.Write(console, ["mon", "bit", "chan", "device", "pend", "armed", "latency", "conn id", "flag", "check"], [3], monitors);
    }

    /// <summary>Names channels in a line; none, no line.</summary>
    public static void WriteOthers(IAnsiConsole console, string what, IReadOnlyList<TopRow> rows)
    {
        if (rows.Count > 0)
            WriteText(console, $"{what}: {string.Join(", ", rows.Select(row => $"{TopNumber.Id(row.Relid)} {row.Name}"))}.");
    }

    private static void WriteTitle(IAnsiConsole console, string title)
    {
        string[] parts = title.Split(": ", 2);
        console.Write(new Paragraph().Append(parts[0], new Style(decoration: Decoration.Bold)).Append("  " + parts[1], new Style(Color.Grey)));
        console.WriteLine();
    }

    private static void WriteText(IAnsiConsole console, string text, Color? color = null)
    {
        console.Write(new Text(text, color is { } given ? new Style(given) : Style.Plain));
        console.WriteLine();
    }

    private static string Place(int id) => string.Create(CultureInfo.InvariantCulture, $"{id / MonitorPage.MonitorsPerGroup}.{id % MonitorPage.MonitorsPerGroup}");

    private static string Bit(bool? set) => set switch { true => "1", false => "0", null => TopNumber.Unknown };

    private static string Time(TimeSpan? latency) => latency is { } known ? Units.Duration(known) : TopNumber.Unknown;

    private static string Word(uint? word, int digits = 8) => word is { } known ? "0x" + known.ToString($"x{digits}", CultureInfo.InvariantCulture) : TopNumber.Unknown;
}

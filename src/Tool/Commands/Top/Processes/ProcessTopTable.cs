// The table of a process's channels. Knows neither pipe nor screen.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Lays out what <c>vmbus top --process</c> shows.</summary>
internal static class ProcessTopTable
{
    private const int Gap = 2;
    private const int ClassDigits = 13;

    private static readonly (string Title, bool IsWord, Func<ProcessChannel, bool, string> Text)[] Columns =
    [
        ("END", true, static (channel, _) => channel.Name.End),
        ("CHAN", false, static (channel, _) => channel.Name.Relid.ToString(CultureInfo.InvariantCulture)),
        ("DEVICE", true, static (channel, _) => Device(channel.Name)),
        Counter("SENT", static counts => counts.Sent),
        Counter("RECV", static counts => counts.Received),
        ("SENT-B", false, static (channel, totals) => Bytes(Counts(channel, totals)?.BytesSent)),
        ("RECV-B", false, static (channel, totals) => Bytes(Counts(channel, totals)?.BytesReceived)),
        Counter("MONITOR", static counts => counts.Monitor),
        Counter("CALL", static counts => counts.Hypercall),
        Counter("NONE", static counts => counts.NotEmpty + counts.Masked),
        Counter("WAKE", static counts => counts.Wakeups),
        Counter("FULL", static counts => counts.Refused),
        ("OUT%", false, static (channel, _) => TopNumber.Text(channel.Outgoing.FillPercent)),
        ("IN%", false, static (channel, _) => TopNumber.Text(channel.Incoming.FillPercent)),
    ];

    /// <summary>The lines of a reading: a title, what no channel owns, the table.</summary>
    /// <param name="process">The process.</param>
    /// <param name="reading">What was read.</param>
    /// <param name="totals">Whether counters are shown as totals.</param>
    public static IReadOnlyList<ScreenLine> Lines(int process, ProcessReading reading, bool totals)
    {
        List<ScreenLine> lines =
        [
            new ScreenLine("vmbus top", ScreenTint.Strong).Add(string.Create(
                CultureInfo.InvariantCulture, $"  {reading.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss}  process {process}, {reading.Channels.Count} ends of channels, {(totals ? "totals" : "per second")}")),
        ];
        string[] told = [.. reading.Totals.Where(total => total.Value > 0).Select(total => string.Create(CultureInfo.InvariantCulture, $"{total.Key[(total.Key.IndexOf('.', StringComparison.Ordinal) + 1)..]} {total.Value:0}"))];
        if (told.Length > 0)
            lines.Add(new ScreenLine(string.Join(", ", told), ScreenTint.Warning));
        if (reading.Channels.Count == 0)
        {
            lines.Add(new ScreenLine("no channel is open in this process", ScreenTint.Quiet));
            return lines;
        }
        string[][] cells = [.. reading.Channels.Select(channel => Columns.Select(column => column.Text(channel, totals)).ToArray())];
        int[] widths = [.. Columns.Select((column, at) => cells.Select(row => row[at].Length).Append(column.Title.Length).Max())];
        lines.Add(Line([.. Columns.Select(column => column.Title)], widths, ScreenTint.Bar));
        lines.AddRange(cells.Select(row => Line(row, widths, ScreenTint.Plain)));
        return lines;
    }

    private static ScreenLine Line(string[] cells, int[] widths, ScreenTint tint)
    {
        ScreenLine line = new();
        for (int at = 0; at < cells.Length; at++)
            line.Add(new string(' ', at == 0 ? 0 : Gap), tint).Add(Columns[at].IsWord ? cells[at].PadRight(widths[at]) : cells[at].PadLeft(widths[at]), tint);
        return line;
    }

    private static (string, bool, Func<ProcessChannel, bool, string>) Counter(string title, Func<ProcessCounts, double?> count) =>
        (title, false, (channel, totals) => TopNumber.Text(Counts(channel, totals) is { } counts ? count(counts) : null));

    private static ProcessCounts? Counts(ProcessChannel channel, bool totals) => totals ? channel.Totals : channel.Rates;

    private static string Bytes(double? bytes) => bytes is { } known ? Units.Bytes(known) : TopNumber.Unknown;

    // A class without a name is shown by the first digits of its GUID.
    private static string Device(ProcessChannelName name) =>
        (name.DeviceClass.Length > ClassDigits ? name.DeviceClass[..ClassDigits] : name.DeviceClass)
        + (name.Subchannel > 0 ? string.Create(CultureInfo.InvariantCulture, $"/{name.Subchannel}") : "");
}

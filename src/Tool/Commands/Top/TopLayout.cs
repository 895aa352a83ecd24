// A whole screen, or a whole table of a log, from what was read and what was chosen.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Lays out what <c>vmbus top</c> shows.</summary>
internal static class TopLayout
{
    private const int HeadLines = 3;
    private const int FootLines = 1;

    private static readonly string Keys = "q quit  p pause  h help  t totals  r reverse  sort: < > or "
        + string.Join(' ', TopColumns.All.Where(column => column.Key is not null).Select(column => column.Key));

    /// <summary>How many channels fit a screen.</summary>
    public static int Room(int rows) => Math.Max(rows - HeadLines - FootLines, 1);

    /// <summary>A screen.</summary>
    /// <param name="rows">The channels.</param>
    /// <param name="reading">The reading they are from.</param>
    /// <param name="view">What was chosen; its scrolling is kept within what there is.</param>
    /// <param name="interval">The time between readings.</param>
    /// <param name="size">The size of the screen.</param>
    /// <returns>As many lines as the screen has.</returns>
    public static IReadOnlyList<ScreenLine> Screen(IReadOnlyList<TopRow> rows, TopReading reading, TopView view, TimeSpan interval, (int Columns, int Rows) size)
    {
        ArgumentNullException.ThrowIfNull(view);
        int room = Room(size.Rows);
        List<ScreenLine> lines = [Title(reading, rows, interval, view), Summary(rows, view.IsTotals)];
        int all;
        if (view.IsHelp)
        {
            List<ScreenLine> help = Help();
            all = help.Count;
            view.Limit(all, room);
            lines.Add(new ScreenLine(Wide("help", size.Columns), ScreenTint.Bar));
            lines.AddRange(help.Skip(view.Offset).Take(room));
        }
        else
        {
            TopTable table = new(view.Sort.Sort(rows, view.IsReversed, view.IsTotals), view.Sort, view.IsTotals, size.Columns);
            all = table.Rows.Count;
            view.Limit(all, room);
            ScreenLine head = table.Head();
            lines.Add(head.Add(Wide("", size.Columns - head.Width), ScreenTint.Bar));
            lines.AddRange(table.Rows.Skip(view.Offset).Take(room).Select(table.Line));
            if (all == 0)
                lines.Add(new ScreenLine("no devices on the bus", ScreenTint.Quiet));
        }

        while (lines.Count < HeadLines + room)
            lines.Add(new ScreenLine());
        int above = view.Offset, below = Math.Max(all - room - view.Offset, 0);
        string scroll = above + below == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{above} above, {below} below (arrows)  ");
        lines.Add(new ScreenLine(Wide(view.IsHelp ? scroll + "h or Esc: back  q quit" : scroll + Keys, size.Columns), ScreenTint.Bar));
        return lines;
    }

    /// <summary>A table of a log: all columns, or as many as fit.</summary>
    /// <param name="rows">The channels.</param>
    /// <param name="reading">The reading they are from.</param>
    /// <param name="view">What was chosen.</param>
    /// <param name="width">The width; <see cref="TopTable.Unlimited"/> for all columns.</param>
    public static IReadOnlyList<ScreenLine> Plain(IReadOnlyList<TopRow> rows, TopReading reading, TopView view, int width)
    {
        ArgumentNullException.ThrowIfNull(view);
        TopTable table = new(view.Sort.Sort(rows, view.IsReversed, view.IsTotals), view.Sort, view.IsTotals, width);
        return [Title(reading, rows, null, view), Summary(rows, view.IsTotals), table.Head(), .. table.Rows.Select(table.Line)];
    }

    private static ScreenLine Title(TopReading reading, IReadOnlyList<TopRow> rows, TimeSpan? interval, TopView view)
    {
        ScreenLine line = new ScreenLine("vmbus top", ScreenTint.Strong).Add(string.Create(
            CultureInfo.InvariantCulture, $"  {reading.Time:yyyy-MM-dd HH:mm:ss}  {Count(reading.Devices.Count, "device")}, {Count(rows.Count(row => row.Relid is not null), "channel")}"));
        if (interval is { } every)
            line.Add(string.Create(CultureInfo.InvariantCulture, $"  every {every.TotalSeconds:0.##} s"));
        if (view.IsPaused)
            line.Add("  ").Add("PAUSED", ScreenTint.Strong);
        return line;
    }

    private static ScreenLine Summary(IReadOnlyList<TopRow> rows, bool totals)
    {
        ScreenLine line = new($"{rows.Count(row => row.IsMonitored == true)} signal by monitor page, {rows.Count(row => row.IsMonitored == false)} by hypercall", ScreenTint.Quiet);
        (double? interrupts, double? events) = totals
            ? (Sum(rows.Select(row => (double?)row.Totals.Interrupts)), Sum(rows.Select(row => (double?)row.Totals.Events)))
            : (Sum(rows.Select(row => row.Rates.Interrupts)), Sum(rows.Select(row => row.Rates.Events)));
        string unit = totals ? "" : "/s";
        return line.Add($"; {TopNumber.Text(interrupts)} interrupts{unit}, {TopNumber.Text(events)} hypercalls{unit}", ScreenTint.Quiet);
    }

    private static List<ScreenLine> Help()
    {
        List<ScreenLine> lines =
        [
            new("q          quit (Ctrl-C as well)"),
            new("p          pause: read nothing until p is pressed again"),
            new("space      read now"),
            new("t          counters as totals, or per second"),
            new("r          reverse the order"),
            new("< >        sort by the column to the left or right, shown or not"),
            new("arrows, PgUp, PgDn, Home, End   scroll"),
            new(),
            new("Columns, and the keys that sort by them (a dash: the kernel does not say):", ScreenTint.Strong),
        ];
        foreach (TopColumn column in TopColumns.All)
            lines.Add(new ScreenLine($"{column.Key ?? ' '}  ").Add($"{column.Title(totals: false),-11}", ScreenTint.Strong).Add(" " + column.Meaning));
        return lines;
    }

    private static double? Sum(IEnumerable<double?> numbers)
    {
        double[] known = [.. numbers.OfType<double>()];
        return known.Length == 0 ? null : known.Sum();
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static string Wide(string text, int width) => text.PadRight(Math.Max(width, 0));
}

// The table in lines of a given width. Where it is narrow, columns are left out by their rank, the one sorted by last.

namespace VmBus.Tool;

/// <summary>Lays channels out as a table.</summary>
internal sealed class TopTable
{
    /// <summary>The width of a table that need not fit anything.</summary>
    public const int Unlimited = int.MaxValue;

    private const int WideGap = 2;
    private const int NarrowGap = 1;
    private const int WidestWord = 20;
    private const double Warning = 50;
    private const double Alarm = 80;

    private readonly List<(TopColumn Column, int Width)> _columns;
    private readonly bool _totals;
    private readonly TopColumn _sort;
    private readonly int _gap = WideGap;

    /// <summary>Makes the layout of a table.</summary>
    /// <param name="rows">The channels, in order.</param>
    /// <param name="sort">The column they are sorted by.</param>
    /// <param name="totals">Whether counters are shown as totals.</param>
    /// <param name="width">How many columns of characters there are.</param>
    public TopTable(IReadOnlyList<TopRow> rows, TopColumn sort, bool totals, int width)
    {
        Rows = rows;
        _sort = sort;
        _totals = totals;
        _columns = [.. TopColumns.All.Select(column => (column, WidthOf(column)))];
        if (Needed() > width)
            _gap = NarrowGap;
        while (Needed() > width)
        {
            TopColumn? least = _columns.Select(one => one.Column).Where(column => column != sort && column.Rank > 0).Reverse().MaxBy(column => column.Rank);
            if (least is null)
                break;
            _columns.RemoveAll(one => one.Column == least);
        }
    }

    /// <summary>The channels, in order.</summary>
    public IReadOnlyList<TopRow> Rows { get; }

    /// <summary>The line above the channels.</summary>
    public ScreenLine Head()
    {
        ScreenLine line = new();
        foreach ((TopColumn column, int width) in _columns)
        {
            string title = column.Title(_totals);
            Add(line, column, width, title, column == _sort ? ScreenTint.Chosen : ScreenTint.Bar, ScreenTint.Bar);
        }

        return line;
    }

    /// <summary>The line of a channel.</summary>
    public ScreenLine Line(TopRow row)
    {
        ScreenLine line = new();
        foreach ((TopColumn column, int width) in _columns)
            Add(line, column, width, column.Text(row, _totals), Tint(column, row), ScreenTint.Plain);
        return line;
    }

    private void Add(ScreenLine line, TopColumn column, int width, string text, ScreenTint tint, ScreenTint around)
    {
        if (text.Length > width)
            text = text[..width];
        line.Add(new string(' ', (line.Width > 0 ? _gap : 0) + (column.IsText ? 0 : width - text.Length)), around).Add(text, tint);
        if (column.IsText)
            line.Add(new string(' ', width - text.Length), around);
    }

    private static ScreenTint Tint(TopColumn column, TopRow row)
    {
        double? fill = column.Name switch { "out" => row.Outgoing.FillPercent, "in" => row.Incoming.FillPercent, _ => null };
        return fill switch
        {
            >= Alarm => ScreenTint.Alarm,
            >= Warning => ScreenTint.Warning,
            _ => column.Name == "driver" && row.Device.Driver is null ? ScreenTint.Quiet : ScreenTint.Plain,
        };
    }

    private long Needed() => _columns.Sum(one => (long)one.Width) + (_columns.Count - 1) * _gap;

    private int WidthOf(TopColumn column)
    {
        int cells = Rows.Select(row => column.Text(row, _totals).Length).DefaultIfEmpty().Max();
        return Math.Max(column.Title(_totals).Length, Math.Max(column.Width, column.IsText ? Math.Min(cells, WidestWord) : cells));
    }
}

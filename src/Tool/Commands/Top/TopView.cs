// What a person has chosen to see, and what each key changes of it. Knows neither screen nor sysfs.

namespace VmBus.Tool;

/// <summary>The state of a live view.</summary>
internal sealed class TopView
{
    /// <summary>The column that channels are sorted by.</summary>
    public TopColumn Sort { get; private set; } = TopColumns.Default;

    /// <summary>Whether the column's own direction is turned round.</summary>
    public bool IsReversed { get; private set; }

    /// <summary>Whether nothing new is read.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether the keys and columns are explained instead.</summary>
    public bool IsHelp { get; private set; }

    /// <summary>Whether counters are shown as totals, not as rates.</summary>
    public bool IsTotals { get; private set; }

    /// <summary>How many lines are scrolled past.</summary>
    public int Offset { get; private set; }

    /// <summary>Chooses the order.</summary>
    /// <param name="column">The column.</param>
    /// <param name="reverse">Whether to turn its own direction round.</param>
    public void SortBy(TopColumn column, bool reverse) => (Sort, IsReversed) = (column, reverse);

    /// <summary>Shows totals, or rates.</summary>
    /// <param name="totals">Whether totals.</param>
    public void ShowTotals(bool totals) => IsTotals = totals;

    /// <summary>Keeps the scrolling within what there is.</summary>
    /// <param name="lines">How many lines there are.</param>
    /// <param name="room">How many fit.</param>
    public void Limit(int lines, int room) => Offset = Math.Clamp(Offset, 0, Math.Max(lines - room, 0));

    /// <summary>Does what a key asks for.</summary>
    /// <param name="key">The key.</param>
    /// <param name="room">How many lines of the table are on the screen.</param>
    /// <returns>What is left to the caller to do.</returns>
    public TopAction Press(ConsoleKeyInfo key, int room)
    {
        switch (key.Key)
        {
            case ConsoleKey.UpArrow: return Scroll(-1);
            case ConsoleKey.DownArrow: return Scroll(1);
            case ConsoleKey.PageUp: return Scroll(-room);
            case ConsoleKey.PageDown: return Scroll(room);
            case ConsoleKey.Home: return Scroll(int.MinValue / 2);
            case ConsoleKey.End: return Scroll(int.MaxValue / 2);
            case ConsoleKey.Escape: return Help(false);
        }

        switch (key.KeyChar)
        {
            case 'q' or 'Q':
                return TopAction.Quit;
            case ' ':
                return TopAction.Refresh;
            case 'p':
                IsPaused = !IsPaused;
                return IsPaused ? TopAction.Draw : TopAction.Refresh;
            case 'h' or '?':
                return Help(!IsHelp);
            case 't':
                IsTotals = !IsTotals;
                return TopAction.Draw;
            case 'r':
                IsReversed = !IsReversed;
                return TopAction.Draw;
            case '<' or ',':
                return MoveSort(-1);
            case '>' or '.':
                return MoveSort(1);
            default:
                return TopColumns.All.FirstOrDefault(column => column.Key == key.KeyChar) is { } chosen ? Choose(chosen) : TopAction.None;
        }
    }

    private TopAction Scroll(int lines)
    {
        Offset = Math.Max(Offset + lines, 0);
        return TopAction.Draw;
    }

    private TopAction Help(bool help)
    {
        IsHelp = help;
        return TopAction.Draw;
    }

    private TopAction MoveSort(int by)
    {
        int count = TopColumns.All.Count;
        return Choose(TopColumns.All[(TopColumns.All.ToList().IndexOf(Sort) + by + count) % count]);
    }

    // Another column begins in its own direction.
    private TopAction Choose(TopColumn column)
    {
        if (column != Sort)
            SortBy(column, reverse: false);
        return TopAction.Draw;
    }
}

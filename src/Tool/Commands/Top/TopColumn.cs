namespace VmBus.Tool;

/// <summary>One column of the table: what it says of a channel, how it is sorted by, and how soon it is left out.</summary>
internal sealed class TopColumn
{
    private readonly Func<TopRow, bool, string> _text;
    private readonly Func<TopRow, bool, double?>? _number;

    /// <summary>Makes a column of numbers, or of words when <paramref name="number"/> is <see langword="null"/>.</summary>
    /// <param name="name">What <c>--sort</c> calls it.</param>
    /// <param name="header">What stands above it.</param>
    /// <param name="width">The least width it has.</param>
    /// <param name="rank">How much it matters: where the screen is narrow the highest ranks are left out first.</param>
    /// <param name="text">A cell's text. The flag says whether counters are shown as totals.</param>
    /// <param name="number">A cell's number, for sorting.</param>
    public TopColumn(string name, string header, int width, int rank, Func<TopRow, bool, string> text, Func<TopRow, bool, double?>? number)
    {
        Name = name;
        Header = header;
        Width = width;
        Rank = rank;
        _text = text;
        _number = number;
    }

    /// <summary>What <c>--sort</c> calls it.</summary>
    public string Name { get; }

    /// <summary>What stands above it when it shows a rate, or what is no counter.</summary>
    public string Header { get; }

    /// <summary>The least width it has.</summary>
    public int Width { get; }

    /// <summary>How much it matters: where the screen is narrow the highest ranks are left out first.</summary>
    public int Rank { get; }

    /// <summary>The key that sorts by it, when it has one of its own.</summary>
    public char? Key { get; init; }

    /// <summary>Whether it shows a counter: a rate, or a total.</summary>
    public bool IsCounter { get; init; }

    /// <summary>Whether large numbers come first: they do where they are what one looks for.</summary>
    public bool IsDescending { get; init; }

    /// <summary>What it means, for the help.</summary>
    public required string Meaning { get; init; }

    /// <summary>Whether it is written to the left: words are.</summary>
    public bool IsText => _number is null;

    /// <summary>What stands above it.</summary>
    /// <param name="totals">Whether counters are shown as totals.</param>
    public string Title(bool totals) => IsCounter && !totals ? Header + "/s" : Header;

    /// <summary>A cell.</summary>
    /// <param name="row">The channel.</param>
    /// <param name="totals">Whether counters are shown as totals.</param>
    public string Text(TopRow row, bool totals) => _text(row, totals);

    /// <summary>Sorts channels by it; those that have nothing to sort by come last either way.</summary>
    /// <param name="rows">The channels.</param>
    /// <param name="reverse">Whether to turn the column's own direction round.</param>
    /// <param name="totals">Whether counters are shown as totals.</param>
    /// <returns>The channels; equal ones in the order in which they came.</returns>
    public IReadOnlyList<TopRow> Sort(IReadOnlyList<TopRow> rows, bool reverse, bool totals)
    {
        bool down = IsDescending != reverse;
        if (_number is null)
        {
            IOrderedEnumerable<TopRow> known = rows.OrderBy(row => Text(row, totals) == TopNumber.Unknown);
            return [.. down
                ? known.ThenByDescending(row => Text(row, totals), StringComparer.Ordinal)
                : known.ThenBy(row => Text(row, totals), StringComparer.Ordinal)];
        }

        IOrderedEnumerable<TopRow> numbered = rows.OrderBy(row => _number(row, totals) is null);
        return [.. down ? numbered.ThenByDescending(row => _number(row, totals)) : numbered.ThenBy(row => _number(row, totals))];
    }
}

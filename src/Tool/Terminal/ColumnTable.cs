// A table of short cells: a quiet header, a line below it, columns as wide as their widest cell.

using Spectre.Console;

namespace VmBus.Tool;

/// <summary>Writes tables.</summary>
internal static class ColumnTable
{
    private const int Indent = 2;
    private const int Gap = 2;

    /// <summary>Writes a table.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="headers">The columns' names.</param>
    /// <param name="words">The columns of words, aligned left; the others are aligned right.</param>
    /// <param name="rows">The cells.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<string> headers, IReadOnlyCollection<int> words, IEnumerable<string[]> rows)
    {
        ArgumentNullException.ThrowIfNull(console);
        string[][] cells = [.. rows];
        char line = console.Profile.Capabilities.Unicode ? '─' : '-';
        Grid table = new();
        int[] widths = [.. headers.Select((header, column) => cells.Select(row => row[column].Length).Append(header.Length).Max())];
        for (int column = 0; column < headers.Count; column++)
        {
            table.AddColumn(new GridColumn
            {
                Alignment = words.Contains(column) ? Justify.Left : Justify.Right,
                Padding = new Padding(column == 0 ? Indent : Gap, 0, 0, 0),
                Width = widths[column],
                NoWrap = true,
            });
        }

        table.AddRow([.. headers.Select(Quiet)]);
        table.AddRow([.. widths.Select(width => Quiet(new string(line, width)))]);
        foreach (string[] row in cells)
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        console.Write(table);
    }

    private static Text Quiet(string text) => new(text, new Style(Color.Grey));
}

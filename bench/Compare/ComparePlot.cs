using System.Globalization;
using ScottPlot;
using VmBus.Tool;

namespace VmBus.Compare;

/// <summary>The picture: a panel for each shape and ring, all on the same axes.</summary>
internal static class ComparePlot
{
    private const int PanelWidth = 460;
    private const int PanelHeight = 360;
    private const float LineWidth = 3;

    private static readonly (string Name, Color Color, LinePattern Pattern)[] Lines =
    [
        (Names.Ours, Color.FromHex("#D55E00"), LinePattern.Solid),
        (Names.OursCopied, Color.FromHex("#D55E00"), LinePattern.Dashed),
        (Names.Floor, Color.FromHex("#1F2430"), LinePattern.Dotted),
        (Names.Dpdk, Color.FromHex("#0072B2"), LinePattern.Solid),
        (Names.Channel, Color.FromHex("#009E73"), LinePattern.Dashed),
        (Names.Pipelines, Color.FromHex("#CC79A7"), LinePattern.Solid),
        (Names.Socket, Color.FromHex("#E69F00"), LinePattern.Dashed),
    ];

    /// <summary>Draws a run.</summary>
    /// <param name="results">The run.</param>
    /// <param name="subtitle">Where it ran.</param>
    /// <returns>A PNG file's bytes.</returns>
    public static byte[] Of(IReadOnlyList<CaseResult> results, string subtitle)
    {
        // A row for each size of rings, and one for pipes.
        IGrouping<(bool, int), CaseResult>[] rows = [.. results.GroupBy(result => (result.Case.IsPipe, result.Case.RingSize))];
        int columns = rows.Length == 0 ? 1 : rows.Max(row => row.Select(result => result.Case.Shape).Distinct().Count());
        using var sheet = new Sheet(
            2 * Sheet.Margin + columns * PanelWidth, Sheet.HeadHeight + Math.Max(1, rows.Length) * PanelHeight + Sheet.Margin,
            "Nanoseconds a packet, by payload", $"Medians of one run, contenders in turn, both axes logarithmic. {subtitle}");
        foreach ((string name, Color color, LinePattern pattern) in Lines)
            sheet.AddLegend(name, color, pattern, LineWidth);
        for (int row = 0; row < rows.Length; row++)
        {
            int column = 0;
            foreach (IGrouping<Shape, CaseResult> panel in rows[row].GroupBy(result => result.Case.Shape))
                sheet.Draw(Panel([.. panel]), Sheet.Margin + PanelWidth * column++, Sheet.HeadHeight + PanelHeight * row, PanelWidth, PanelHeight);
        }

        return sheet.ToPng();
    }

    private static Plot Panel(CaseResult[] results)
    {
        var plot = new Plot();
        PanelStyle.Apply(plot);
        Case first = results[0].Case;
        string what = first.Shape == Shape.Pipe ? "one thread, 32 writes into a pipe" : CompareText.Describe(first.Shape);
        plot.Title($"{what}, {first.RingSize / 1024} KiB", 16);
        foreach ((string name, Color color, LinePattern pattern) in Lines)
        {
            CaseResult[] there = [.. results.Where(result => !double.IsNaN(result.Nanoseconds(name)))];
            if (there.Length == 0)
                continue;
            var line = plot.Add.Scatter(
                there.Select(result => Math.Log2(result.Case.Payload)).ToArray(),
                there.Select(result => Math.Log10(result.Nanoseconds(name))).ToArray());
            line.Color = color;
            line.LinePattern = pattern;
            line.LineWidth = LineWidth;
            line.MarkerSize = 7;
        }

        plot.Axes.Bottom.SetTicks(
            [.. results.Select(result => Math.Log2(result.Case.Payload))],
            [.. results.Select(result => result.Case.Payload.ToString(CultureInfo.InvariantCulture))]);
        int[] marks = [5, 10, 20, 50, 100, 200, 500, 1000, 2000];
        plot.Axes.Left.SetTicks([.. marks.Select(mark => Math.Log10(mark))], [.. marks.Select(mark => mark.ToString(CultureInfo.InvariantCulture))]);
        plot.Axes.SetLimits(Math.Log2(12), Math.Log2(5500), Math.Log10(4), Math.Log10(4000));
        return plot;
    }
}

// The picture of the waiting run: for each pace, latency above and CPU time below, over the budget, one line for fixed
// budgets and one for adaptive ones.

using ScottPlot;
using ScottPlot.TickGenerators;
using VmBus.Tool;

namespace VmBus.Benchmarks.Waiting;

/// <summary>Draws what each budget buys, and what it costs.</summary>
internal static class WaitingPlot
{
    private const int Width = 1600;
    private const int Height = 900;
    private const float LabelWidth = 70;
    private const float CaptionHeight = 34;
    private const float LineWidth = 2.6f;

    private static readonly Color Fixed = ModeColors.Of(SignalMode.Monitored);
    private static readonly Color Adaptive = ModeColors.Of(SignalMode.LowLatency);

    /// <summary>Draws it.</summary>
    /// <param name="cells">What was measured.</param>
    /// <param name="conditions">Where and how.</param>
    /// <returns>A PNG.</returns>
    public static byte[] Render(IReadOnlyList<WaitingCell> cells, string conditions)
    {
        using Sheet sheet = new(Width, Height, "Waiting: what spinning before the sleep buys", conditions);
        sheet.AddLegend("fixed budget", Fixed, LinePattern.Solid, LineWidth);
        sheet.AddLegend("adaptive, with the budget as its ceiling", Adaptive, LinePattern.Solid, LineWidth);
        IGrouping<double, WaitingCell>[] paces = [.. cells.GroupBy(cell => cell.ThinkUs)];
        float height = (Height - Sheet.HeadHeight - Sheet.Margin / 2) / 2f;
        Row(sheet, paces, Sheet.HeadHeight, height, "round trip, median", static cell => cell.P50Us);
        Row(sheet, paces, Sheet.HeadHeight + height, height, "CPU time for each, both sides", static cell => cell.CpuUs);
        return sheet.ToPng();
    }

    private static void Row(Sheet sheet, IGrouping<double, WaitingCell>[] paces, float top, float height, string name, Func<WaitingCell, double> microseconds)
    {
        double least = paces.SelectMany(pace => pace).Min(microseconds) * 1000 / 1.6;
        double most = LatencyAxis.Headroom(paces.SelectMany(pace => pace).Max(microseconds) * 1000 * 1.6);
        float width = (Width - 2 * Sheet.Margin - LabelWidth) / paces.Length;
        for (int i = 0; i < paces.Length; i++)
        {
            // The first panel has the labels that stand for all of its row.
            float left = Sheet.Margin + (i == 0 ? 0 : LabelWidth + i * width);
            string pace = paces[i].Key == 0 ? "no pause" : $"{paces[i].Key} µs apart";
            sheet.Write(i == 0 ? $"{name}: {pace}" : pace, left + 4, top + 24, 17, ModeColors.Ink, bold: true);
            using Plot panel = Panel([.. paces[i]], least, most, microseconds);
            panel.Axes.Left.MinimumSize = panel.Axes.Left.MaximumSize = i == 0 ? LabelWidth : 8;
            panel.Axes.Left.TickLabelStyle.IsVisible = i == 0;
            sheet.Draw(panel, left, top + CaptionHeight, i == 0 ? width + LabelWidth : width, height - CaptionHeight);
        }
    }

    private static Plot Panel(WaitingCell[] cells, double least, double most, Func<WaitingCell, double> microseconds)
    {
        Plot plot = new();
        PanelStyle.Apply(plot);
        double[] budgets = [.. cells.Select(cell => cell.BudgetUs).Distinct().Order()];
        Line(plot, cells.Where(cell => !cell.Adaptive), budgets, Fixed, microseconds);
        Line(plot, cells.Where(cell => cell.Adaptive || cell.BudgetUs == 0), budgets, Adaptive, microseconds);
        plot.Axes.Left.TickGenerator = LatencyAxis.Latencies(least, most);
        plot.Axes.SetLimitsY(LatencyAxis.Place(least), LatencyAxis.Place(most));
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. budgets.Select((_, place) => (double)place)], [.. budgets.Select(budget => $"{budget:0}")]);
        plot.Axes.SetLimitsX(-0.4, budgets.Length - 0.6);
        plot.XLabel("budget, µs", 14);
        PanelStyle.QuietLabels(plot);
        return plot;
    }

    private static void Line(Plot plot, IEnumerable<WaitingCell> cells, double[] budgets, Color color, Func<WaitingCell, double> microseconds)
    {
        WaitingCell[] ordered = [.. cells.OrderBy(cell => cell.BudgetUs)];
        var line = plot.Add.Scatter(
            ordered.Select(cell => (double)Array.IndexOf(budgets, cell.BudgetUs)).ToArray(),
            ordered.Select(cell => LatencyAxis.Place(microseconds(cell) * 1000)).ToArray(),
            color);
        line.LineWidth = LineWidth;
        line.MarkerSize = 7;
    }
}

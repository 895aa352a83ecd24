// The picture of vmbus monitor --measure: for each hint what a message waits, and the window itself.

using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace VmBus.Tool;

/// <summary>Draws the measured windows of a report.</summary>
internal static class WindowPlot
{
    /// <summary>Pixels.</summary>
    public const int Width = 1200;

    /// <summary>Pixels.</summary>
    public const int Height = 760;

    private const float CurveWidth = 2.6f;
    private const int Points = 200;

    // Okabe and Ito, as the modes': told apart by colour-blind readers too.
    private static readonly string[] Colors = ["#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

    /// <summary>Draws them.</summary>
    /// <returns>A PNG of <see cref="Width"/> by <see cref="Height"/> pixels.</returns>
    public static byte[] Render(WindowReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        using Sheet sheet = new(Width, Height, "VMBus monitor: how long a signal waits for the hypervisor",
            string.Create(CultureInfo.InvariantCulture, $"channel {report.Relid} ({report.Name}), monitor {report.MonitorId}, {report.Samples} samples a hint  ·  solid: a message at a random moment, dotted: from one inspection to the next"));
        using Plot plot = new();
        PanelStyle.Apply(plot);
        double least = double.MaxValue, most = 1;
        foreach ((WindowCell cell, int at) in report.Cells.Select((cell, at) => (cell, at)))
        {
            Color color = Color.FromHex(Colors[at % Colors.Length]);
            sheet.AddLegend($"hint {Units.Duration(cell.Hint)}", color, LinePattern.Solid, CurveWidth);
            Curve(cell.Waits, color, LinePattern.Solid);
            Curve(cell.Windows, color, LinePattern.Dotted);
        }

        if (report.Calls is { } calls)
        {
            sheet.AddLegend("hypercall", ModeColors.Of(SignalMode.LowLatency), LinePattern.Solid, CurveWidth);
            Curve(calls, ModeColors.Of(SignalMode.LowLatency), LinePattern.Solid);
        }

        (least, most) = (least / 1.5, LatencyAxis.Headroom(most * 1.5));
        plot.Axes.Left.TickGenerator = LatencyAxis.Latencies(least, most);
        NumericManual percentiles = new();
        for (int percentile = 0; percentile <= 100; percentile += 10)
            percentiles.AddMajor(percentile, $"{percentile} %");
        plot.Axes.Bottom.TickGenerator = percentiles;
        plot.Axes.SetLimits(0, 102, LatencyAxis.Place(least), LatencyAxis.Place(most));
        plot.XLabel("share of signals that waited at most this long", 14);
        plot.YLabel("time", 14);
        PanelStyle.QuietLabels(plot);
        sheet.Draw(plot, Sheet.Margin, Sheet.HeadHeight, Width - 2 * Sheet.Margin, Height - Sheet.HeadHeight - Sheet.Margin / 2);
        return sheet.ToPng();

        void Curve(LatencyHistogram times, Color color, LinePattern pattern)
        {
            if (times.Count == 0)
                return;
            (least, most) = (Math.Min(least, times.Min), Math.Max(most, times.Max));
            double[] xs = [.. Enumerable.Range(0, Points + 1).Select(point => 100.0 * point / Points)];
            var curve = plot.Add.ScatterLine(xs, [.. xs.Select(percentile => LatencyAxis.Place(times.Percentile(percentile)))], color);
            (curve.LineWidth, curve.LinePattern) = (CurveWidth, pattern);
        }
    }
}

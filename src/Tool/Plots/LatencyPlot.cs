// The picture of vmbus latency: for each load one panel, in it for each mode the latency at each percentile.

using ScottPlot;

namespace VmBus.Tool;

/// <summary>Draws the latency distributions of a report.</summary>
internal static class LatencyPlot
{
    /// <summary>Pixels.</summary>
    public const int Width = 1600;

    /// <summary>Pixels; less when all panels stand in one row.</summary>
    public const int Height = 1000;

    private const float CurveWidth = 2.6f;
    private const float UrgentWidth = 2.2f;
    private const float PanelGap = 22;
    private const float CaptionHeight = 58;

    // Points a decade of the percentile axis; a curve of steps where messages are few is the truth.
    private const int PointsPerNine = 60;

    /// <summary>Draws them.</summary>
    /// <param name="report">The report, with at least one cell.</param>
    /// <returns>A PNG of <see cref="Width"/> by <see cref="Height"/> pixels.</returns>
    public static byte[] Render(LatencyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        LatencyOptions options = report.Options;
        using Sheet sheet = new(Width, Height, "VMBus signalling: latency from the guest's send to the host's read", Subtitle(report));
        foreach (SignalMode mode in options.Modes)
            sheet.AddLegend(mode.Name(), ModeColors.Line(mode), LinePattern.Solid, mode == SignalMode.Adaptive ? ModeColors.BandWidth : CurveWidth + 1);
        if (report.Cells.Any(cell => cell.UrgentLatencies is not null))
            sheet.AddLegend("urgent messages", ModeColors.Ink, LinePattern.Dashed, UrgentWidth);
        sheet.AddLegend($"monitor window, {Units.Duration(options.Window)}", ModeColors.Mark, LinePattern.Dotted, 2);

        (double least, double most) = Range(report);
        double nines = Nines(report);
        int columns = options.Loads.Count == 1 ? 1 : 2;
        int rows = (options.Loads.Count + columns - 1) / columns;
        float width = (Width - 2 * Sheet.Margin - (columns - 1) * PanelGap) / columns;
        float height = (Height - Sheet.HeadHeight - Sheet.Margin / 2 - (rows - 1) * PanelGap) / rows;
        for (int i = 0; i < options.Loads.Count; i++)
        {
            LoadKind load = options.Loads[i];
            float left = Sheet.Margin + i % columns * (width + PanelGap);
            float top = Sheet.HeadHeight + i / columns * (height + PanelGap);
            using Plot panel = Panel(report, load, least, most, nines);
            sheet.Draw(panel, left, top + CaptionHeight, width, height - CaptionHeight);
            Caption(sheet, report, load, left, top);
        }

        return sheet.ToPng();
    }

    private static string Subtitle(LatencyReport report)
    {
        LatencyOptions options = report.Options;
        string place = (options.Simulate, options.Processes) switch
        {
            (true, _) => "simulated under a fake clock",
            (_, 1) => "one process",
            _ => "two processes",
        };
        string machine = report.Machine is { } facts ? $"  ·  {facts.Cores} cores, {facts.OperatingSystem}, {facts.Runtime}" : "";
        return $"{options.MessageSize}-byte messages, ring {options.RingSize / 1024} KiB, {Units.Duration(options.CellTime)} a cell, {place}  ·  "
            + $"modelled: hypercall + {Units.Duration(options.HypercallCost)}, host wake + {Units.Duration(options.WakeCost)}{machine}";
    }

    private static void Caption(Sheet sheet, LatencyReport report, LoadKind load, float left, float top)
    {
        float x = left + 4;
        x += sheet.Write(load.Name(), x, top + 26, 20, ModeColors.Ink, bold: true);
        sheet.Write(load.Explain(report.Options.Pace), x + 14, top + 26, 16, ModeColors.Quiet);

        x = left + 4;
        x += sheet.Write("p50", x, top + 50, 15, ModeColors.Quiet) + 12;
        foreach (LatencyCell cell in report.Cells.Where(cell => cell.Load == load && cell.Latencies.Count > 0))
        {
            string text = Units.Duration(cell.Latencies.Percentile(50));
            if (cell.UrgentLatencies is { Count: > 0 } urgent)
                text += $" (urgent {Units.Duration(urgent.Percentile(50))})";
            x += sheet.Write(text, x, top + 50, 15, ModeColors.Of(cell.Mode), bold: true) + 18;
        }
    }

    private static Plot Panel(LatencyReport report, LoadKind load, double least, double most, double nines)
    {
        Plot plot = new();
        PanelStyle.Apply(plot);
        double window = LatencyAxis.Place(report.Options.Window.TotalNanoseconds);
        var line = plot.Add.HorizontalLine(window, 2, ModeColors.Mark, LinePattern.Dotted);
        line.EnableAutoscale = false;

        // Adaptive is meant to lie on one of the others: a broad band below them shows on which.
        foreach (LatencyCell cell in report.Cells.Where(cell => cell.Load == load).OrderBy(cell => cell.Mode != SignalMode.Adaptive))
        {
            Color color = ModeColors.Line(cell.Mode);
            float width = cell.Mode == SignalMode.Adaptive ? ModeColors.BandWidth : CurveWidth;
            Curve(plot, cell.Latencies, color, width, LinePattern.Solid);
            if (cell.UrgentLatencies is { } urgent)
                Curve(plot, urgent, color, cell.Mode == SignalMode.Adaptive ? ModeColors.BandWidth / 2 : UrgentWidth, LinePattern.Dashed);
        }

        plot.Axes.Left.TickGenerator = LatencyAxis.Latencies(least, most);
        plot.Axes.Bottom.TickGenerator = LatencyAxis.Percentiles(nines);
        plot.Axes.SetLimits(0, nines, LatencyAxis.Place(least), LatencyAxis.Place(most));
        plot.XLabel("share of messages that took at most this long", 14);
        plot.YLabel("latency", 14);
        PanelStyle.QuietLabels(plot);
        return plot;
    }

    private static void Curve(Plot plot, LatencyHistogram latencies, Color color, float width, LinePattern pattern)
    {
        if (latencies.Count == 0)
            return;
        // The last message stands alone: beyond 1 - 1/n there is nothing to tell.
        double end = Math.Log10(latencies.Count);
        int points = Math.Max(2, (int)(end * PointsPerNine) + 1);
        double[] xs = new double[points];
        double[] ys = new double[points];
        for (int i = 0; i < points; i++)
        {
            double place = end * i / (points - 1);
            double percentile = 100 * (1 - Math.Pow(10, -place));
            xs[i] = place;
            ys[i] = LatencyAxis.Place(i == points - 1 ? latencies.Max : latencies.Percentile(percentile));
        }

        var curve = plot.Add.ScatterLine(xs, ys, color);
        curve.LineWidth = width;
        curve.LinePattern = pattern;
    }

    private static (double Least, double Most) Range(LatencyReport report)
    {
        double least = report.Options.Window.TotalNanoseconds;
        double most = least;
        foreach (LatencyCell cell in report.Cells)
        {
            foreach (LatencyHistogram? latencies in (ReadOnlySpan<LatencyHistogram?>)[cell.Latencies, cell.UrgentLatencies])
            {
                if (latencies is null or { Count: 0 })
                    continue;
                least = Math.Min(least, latencies.Min);
                most = Math.Max(most, latencies.Max);
            }
        }

        return (least / 1.5, LatencyAxis.Headroom(most * 1.5));
    }

    private static double Nines(LatencyReport report)
    {
        long count = report.Cells.Select(cell => cell.Latencies.Count).DefaultIfEmpty().Max();
        return Math.Clamp(Math.Log10(Math.Max(1, count)), 2, 5.2);
    }
}

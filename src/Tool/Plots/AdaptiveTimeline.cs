// The picture of a load that changes: what each mode does with it over time, latency above and batching below.

using ScottPlot;
using ScottPlot.TickGenerators;

namespace VmBus.Tool;

/// <summary>Draws latency and packets a wakeup over time, for each mode.</summary>
internal static class AdaptiveTimeline
{
    /// <summary>Pixels.</summary>
    public const int Width = 1600;

    /// <summary>Pixels.</summary>
    public const int Height = 1000;

    private const float CurveWidth = 2.6f;
    private const float CaptionHeight = 34;
    private const float PanelGap = 18;

    /// <summary>Draws them.</summary>
    /// <param name="series">One for each mode.</param>
    /// <param name="window">The monitor window, drawn as a line.</param>
    /// <param name="loads">The loads, each with when it begins, from the start of the run.</param>
    /// <param name="subtitle">How it was measured: sizes, machine, clock, modelled costs.</param>
    /// <returns>A PNG of <see cref="Width"/> by <see cref="Height"/> pixels.</returns>
    /// <exception cref="ArgumentException">There is nothing to draw.</exception>
    public static byte[] Render(
        IReadOnlyList<TimelineSeries> series,
        TimeSpan window,
        IReadOnlyList<(TimeSpan Begins, string Name)> loads,
        string subtitle)
    {
        ArgumentNullException.ThrowIfNull(series);
        TimelinePoint[] all = [.. series.SelectMany(one => one.Points)];
        if (all.Length == 0)
            throw new ArgumentException("No series has a point.", nameof(series));

        using Sheet sheet = new(Width, Height, "Adaptive signalling: a load that changes", subtitle);
        foreach (TimelineSeries one in series)
            sheet.AddLegend(one.Mode.Name(), ModeColors.Line(one.Mode), LinePattern.Solid, LineWidth(one.Mode));
        sheet.AddLegend($"monitor window, {Units.Duration(window)}", ModeColors.Mark, LinePattern.Dotted, 2);

        float width = Width - 2 * Sheet.Margin;
        float height = (Height - Sheet.HeadHeight - Sheet.Margin / 2 - PanelGap) / 2;
        double end = all.Max(point => point.At.TotalMilliseconds);

        using Plot latency = Panel(series, loads, end, point => LatencyAxis.Place(point.LatencyP50));
        double least = Math.Min(all.Min(point => point.LatencyP50), window.TotalNanoseconds) / 1.6;
        double most = LatencyAxis.Headroom(Math.Max(all.Max(point => point.LatencyP50), window.TotalNanoseconds) * 2.2);
        latency.Axes.Left.TickGenerator = LatencyAxis.Latencies(least, most);
        latency.Axes.SetLimitsY(LatencyAxis.Place(least), LatencyAxis.Place(most));
        latency.Add.HorizontalLine(LatencyAxis.Place(window.TotalNanoseconds), 2, ModeColors.Mark, LinePattern.Dotted);
        Say(latency, loads, end, LatencyAxis.Place(most));

        using Plot batch = Panel(series, loads, end, point => point.PacketsPerWakeup is { } packets and > 0 ? Math.Log10(packets) : null);
        double largest = all.Max(point => point.PacketsPerWakeup ?? 1);
        batch.Axes.Left.TickGenerator = Decades((int)Math.Ceiling(Math.Log10(Math.Max(1, largest))));
        batch.Axes.SetLimitsY(-0.15, Math.Log10(LatencyAxis.Headroom(Math.Max(10, largest * 1.5))));
        batch.XLabel("time", 14);
        PanelStyle.QuietLabels(batch);

        Draw(sheet, latency, "latency", "median of each slice of time", Sheet.HeadHeight, width, height);
        Draw(sheet, batch, "packets a wakeup", "of the host, in each slice of time", Sheet.HeadHeight + height + PanelGap, width, height);
        return sheet.ToPng();
    }

    /// <summary>Draws them into a file; see <see cref="Render"/>.</summary>
    /// <param name="path">The file, created or replaced.</param>
    /// <param name="series">One for each mode.</param>
    /// <param name="window">The monitor window.</param>
    /// <param name="loads">The loads, each with when it begins.</param>
    /// <param name="subtitle">How it was measured.</param>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static void Save(
        string path,
        IReadOnlyList<TimelineSeries> series,
        TimeSpan window,
        IReadOnlyList<(TimeSpan Begins, string Name)> loads,
        string subtitle) =>
        PlotFile.Write(path, Render(series, window, loads, subtitle));

    private static float LineWidth(SignalMode mode) => mode == SignalMode.Adaptive ? ModeColors.BandWidth : CurveWidth;

    private static void Draw(Sheet sheet, Plot panel, string name, string explanation, float top, float width, float height)
    {
        float x = Sheet.Margin + 4;
        x += sheet.Write(name, x, top + 26, 20, ModeColors.Ink, bold: true);
        sheet.Write(explanation, x + 14, top + 26, 16, ModeColors.Quiet);
        sheet.Draw(panel, Sheet.Margin, top + CaptionHeight, width, height - CaptionHeight);
    }

    private static Plot Panel(IReadOnlyList<TimelineSeries> series, IReadOnlyList<(TimeSpan Begins, string Name)> loads, double end, Func<TimelinePoint, double?> place)
    {
        Plot plot = new();
        PanelStyle.Apply(plot);
        foreach ((TimeSpan begins, _) in loads.Skip(1))
            plot.Add.VerticalLine(begins.TotalMilliseconds, 2, ModeColors.Mark, LinePattern.Dashed);
        foreach (TimelineSeries one in series.OrderBy(one => one.Mode != SignalMode.Adaptive))
        {
            double[] xs = [.. one.Points.Where(point => place(point) is not null).Select(point => point.At.TotalMilliseconds)];
            double[] ys = [.. one.Points.Select(place).OfType<double>()];
            if (xs.Length == 0)
                continue;
            var curve = plot.Add.ScatterLine(xs, ys, ModeColors.Line(one.Mode));
            curve.LineWidth = LineWidth(one.Mode);
        }

        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = static ms => ms == 0 ? "0" : Units.Duration(TimeSpan.FromMilliseconds(ms)) };
        plot.Axes.SetLimitsX(0, end);
        // Both panels share their time axis, so their data must begin at one place.
        plot.Axes.Left.MinimumSize = 82;
        plot.Axes.Right.MinimumSize = 24;
        return plot;
    }

    private static void Say(Plot plot, IReadOnlyList<(TimeSpan Begins, string Name)> loads, double end, double top)
    {
        for (int i = 0; i < loads.Count; i++)
        {
            double begins = loads[i].Begins.TotalMilliseconds;
            double ends = i + 1 < loads.Count ? loads[i + 1].Begins.TotalMilliseconds : end;
            var label = plot.Add.Text(loads[i].Name, (begins + ends) / 2, top);
            label.LabelAlignment = Alignment.UpperCenter;
            label.LabelFontSize = 16;
            label.LabelFontName = SheetFont.Register();
            label.LabelFontColor = ModeColors.Ink;
            label.OffsetY = 8;
        }
    }

    private static NumericManual Decades(int last)
    {
        NumericManual ticks = new();
        for (int decade = 0; decade <= last; decade++)
        {
            ticks.AddMajor(decade, Units.Count(Math.Pow(10, decade)));
            for (int step = 2; step < 10; step++)
                ticks.AddMinor(decade + Math.Log10(step));
        }

        return ticks;
    }
}

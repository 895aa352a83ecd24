// The picture: how long requests take in both modes, and what they cost the host.

using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using VmBus.Switch.Guest;
using VmBus.Tool;

namespace VmBus.Switch;

/// <summary>Draws a run.</summary>
internal static class SwitchPlot
{
    /// <summary>Pixels.</summary>
    public const int Width = 1260;

    /// <summary>Pixels.</summary>
    public const int Height = 900;

    private const float CurveWidth = 2.8f;
    private const float TopHeight = 380;
    private const double BarSize = 0.36;

    private static readonly (string Mode, SignalMode Color, string Title)[] Modes =
    [
        (GuestLine.Monitored, SignalMode.Monitored, "by the monitor page"),
        (GuestLine.LowLatency, SignalMode.LowLatency, "low latency: by hypercall"),
    ];

    /// <summary>Draws a guest's figures.</summary>
    /// <returns>A PNG of <see cref="Width"/> by <see cref="Height"/> pixels.</returns>
    public static byte[] Render(SwitchFile file, SwitchRun run)
    {
        using Sheet sheet = new(Width, Height, "The switch in a stock guest: hv_storvsc and hv_netvsc with and without low_latency",
            string.Create(CultureInfo.InvariantCulture, $"Linux {run.Guest.Kernel} under vmbus host, in a machine that is emulated on one core; window {Units.Duration(run.WindowUs * 1000)}; {file.Taken:yyyy-MM-dd}"));
        foreach ((_, SignalMode color, string title) in Modes)
            sheet.AddLegend(title, ModeColors.Of(color), LinePattern.Solid, CurveWidth);
        sheet.AddLegend("the window", ModeColors.Mark, LinePattern.Dashed, 2);

        SwitchLoad[] timed = [.. SwitchLoad.All.Where(load => run.Find(load.Name) is { Monitored.MedianUs: not null, LowLatency.MedianUs: not null })];
        double[] all = [run.WindowUs, .. timed.SelectMany(load => Cells(run, load)).SelectMany(cell => (double[])[cell.QuantilesUs[1], cell.QuantilesUs[99]])];
        float width = (Width - 2f * Sheet.Margin) / Math.Max(1, timed.Length);
        for (int panel = 0; panel < timed.Length; panel++)
        {
            using Plot plot = Times(run, timed[panel], all.Min(), all.Max(), isFirst: panel == 0);
            sheet.Draw(plot, Sheet.Margin + panel * width, Sheet.HeadHeight, width, TopHeight);
        }

        float top = Sheet.HeadHeight + TopHeight;
        float half = (Width - 2f * Sheet.Margin) / 2;
        using Plot wakeups = Bars(run, "host wake-ups for each request", cell => cell.WakeupsPerRequest, SwitchTable.PerRequest);
        using Plot rates = Bars(run, "requests a second", cell => cell.RequestsPerSecond, Units.Count);
        sheet.Draw(wakeups, Sheet.Margin, top, half, Height - top - Sheet.Margin / 2);
        sheet.Draw(rates, Sheet.Margin + half, top, half, Height - top - Sheet.Margin / 2);
        return sheet.ToPng();
    }

    private static IEnumerable<SwitchCell> Cells(SwitchRun run, SwitchLoad load) => run.Cells.Where(cell => cell.Load == load.Name);

    private static Plot Times(SwitchRun run, SwitchLoad load, double least, double most, bool isFirst)
    {
        var plot = new Plot();
        PanelStyle.Apply(plot);
        plot.Title(load.Title, 17);
        (least, most) = (least * 1000 / 1.4, LatencyAxis.Headroom(most * 1000 * 1.4));
        var mark = plot.Add.HorizontalLine(LatencyAxis.Place(run.WindowUs * 1000), 2, ModeColors.Mark);
        mark.LinePattern = LinePattern.Dashed;
        foreach ((string mode, SignalMode color, _) in Modes)
        {
            SwitchCell cell = Cells(run, load).First(cell => cell.Mode == mode);
            // The least and the most of all are single events.
            int[] percents = [.. Enumerable.Range(1, 99)];
            var curve = plot.Add.ScatterLine(percents.Select(percent => (double)percent).ToArray(), percents.Select(percent => LatencyAxis.Place(cell.QuantilesUs[percent] * 1000)).ToArray(), ModeColors.Of(color));
            curve.LineWidth = CurveWidth;
        }

        plot.Axes.Left.TickGenerator = LatencyAxis.Latencies(least, most);
        var shares = new NumericManual();
        for (int percent = 0; percent <= 100; percent += 25)
            shares.AddMajor(percent, $"{percent} %");
        plot.Axes.Bottom.TickGenerator = shares;
        // The last label is as wide to the right of its tick as to the left.
        plot.Axes.Right.MinimumSize = 26;
        // All panels are of one width, the one with the axis' label too.
        plot.Axes.Left.MinimumSize = plot.Axes.Left.MaximumSize = 88;
        plot.Axes.SetLimits(0, 100, LatencyAxis.Place(least), LatencyAxis.Place(most));
        plot.XLabel("share that took at most this long", 14);
        if (isFirst)
            plot.YLabel("time of a request", 14);
        PanelStyle.QuietLabels(plot);
        return plot;
    }

    private static Plot Bars(SwitchRun run, string title, Func<SwitchCell, double> value, Func<double, string> write)
    {
        var plot = new Plot();
        PanelStyle.Apply(plot);
        plot.Title(title, 17);
        var ticks = new NumericManual();
        double most = 0;
        for (int place = 0; place < SwitchLoad.All.Count; place++)
        {
            SwitchLoad load = SwitchLoad.All[place];
            ticks.AddMajor(place, load.Name switch
            {
                SwitchLoad.OneRead => "reads, depth 1",
                SwitchLoad.ManyReads => "reads, depth 32",
                SwitchLoad.RoundTrip => "TCP round trips",
                _ => "TCP frames",
            });
            for (int mode = 0; mode < Modes.Length; mode++)
            {
                if (Cells(run, load).FirstOrDefault(cell => cell.Mode == Modes[mode].Mode) is not { } cell)
                    continue;
                double height = value(cell);
                most = Math.Max(most, height);
                plot.Add.Bar(new Bar
                {
                    Position = place + (mode - 0.5) * (BarSize + 0.03),
                    Value = height,
                    Size = BarSize,
                    FillColor = ModeColors.Of(Modes[mode].Color),
                    LineWidth = 0,
                });
                var label = plot.Add.Text(write(height), place + (mode - 0.5) * (BarSize + 0.03), height);
                label.LabelFontColor = ModeColors.Ink;
                label.LabelFontSize = 14;
                label.LabelAlignment = Alignment.LowerCenter;
                label.OffsetY = -3;
            }
        }

        plot.Axes.Bottom.TickGenerator = ticks;
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.YAxisStyle.MinorLineStyle.Width = 0;
        plot.Axes.SetLimits(-0.6, SwitchLoad.All.Count - 0.4, 0, most * 1.15);
        return plot;
    }
}

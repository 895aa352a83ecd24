using ScottPlot;

namespace VmBus.Tool;

/// <summary>How every panel looks: a light grid, two axes, no frame.</summary>
internal static class PanelStyle
{
    /// <summary>Gives a plot the look.</summary>
    public static void Apply(Plot plot)
    {
        ArgumentNullException.ThrowIfNull(plot);
        plot.Font.Set(SheetFont.Register());
        plot.FigureBackground.Color = Colors.White;
        plot.DataBackground.Color = Colors.White;
        plot.Grid.MajorLineColor = ModeColors.Grid;
        plot.Grid.MajorLineWidth = 1.2f;
        plot.Grid.MinorLineColor = ModeColors.Grid.WithAlpha(.5);
        plot.Grid.MinorLineWidth = 1;
        plot.Grid.XAxisStyle.MinorLineStyle.Width = 0;
        plot.Axes.Color(ModeColors.Quiet);
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        foreach (IAxis axis in (ReadOnlySpan<IAxis>)[plot.Axes.Left, plot.Axes.Bottom])
        {
            axis.TickLabelStyle.FontSize = 15;
            axis.FrameLineStyle.Width = 1.2f;
            axis.MajorTickStyle.Length = 5;
            axis.MinorTickStyle.Length = 0;
        }
    }

    /// <summary>Makes the labels of the axes lighter than the numbers at them.</summary>
    public static void QuietLabels(Plot plot)
    {
        ArgumentNullException.ThrowIfNull(plot);
        foreach (IAxis axis in (ReadOnlySpan<IAxis>)[plot.Axes.Left, plot.Axes.Bottom])
        {
            axis.Label.Bold = false;
            axis.Label.ForeColor = ModeColors.Quiet;
        }
    }
}

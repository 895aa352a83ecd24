// A picture with a title, a legend and several plots on it, each in its own rectangle. ScottPlot draws the plots, this
// the paper around them.

using ScottPlot;
using SkiaSharp;

namespace VmBus.Tool;

/// <summary>The paper several plots are drawn on.</summary>
internal sealed class Sheet : IDisposable
{
    /// <summary>Where plots begin: below the title, its second line and the legend.</summary>
    public const int HeadHeight = 118;

    /// <summary>The space around everything.</summary>
    public const int Margin = 28;

    private const float LegendGap = 34;

    private readonly SKSurface _surface;
    private readonly SKTypeface _typeface = SheetFont.Typeface(bold: false);
    private readonly SKTypeface _bold = SheetFont.Typeface(bold: true);
    private float _legendX = Margin;

    /// <summary>Takes a white sheet.</summary>
    public Sheet(int width, int height, string title, string subtitle)
    {
        Width = width;
        Height = height;
        _surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        _surface.Canvas.Clear(SKColors.White);
        Write(title, Margin, 42, 27, _bold, ModeColors.Ink);
        Write(subtitle, Margin, 70, 16, _typeface, ModeColors.Quiet);
    }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <summary>Pixels.</summary>
    public int Height { get; }

    /// <summary>Adds an entry to the legend, right of the last.</summary>
    public void AddLegend(string text, Color color, LinePattern pattern, float width)
    {
        const float Baseline = 100;
        const float Sample = 38;
        const float FontSize = 17;
        Line(_legendX, Baseline - 6, _legendX + Sample, color, pattern, width);
        _legendX += Sample + 9;
        _legendX += Write(text, _legendX, Baseline, FontSize, _typeface, ModeColors.Ink) + LegendGap;
    }

    /// <summary>Draws a plot into a rectangle of the sheet.</summary>
    public void Draw(Plot plot, float left, float top, float width, float height)
    {
        ArgumentNullException.ThrowIfNull(plot);
        // ScottPlot clears the whole canvas it draws on, so each plot gets its own.
        using SKSurface panel = SKSurface.Create(new SKImageInfo((int)width, (int)height, SKColorType.Rgba8888, SKAlphaType.Premul));
        plot.Render(panel.Canvas, new PixelRect(0, (int)width, (int)height, 0));
        _surface.Canvas.DrawSurface(panel, left, top);
    }

    /// <summary>Writes text in the sheet's own type.</summary>
    /// <param name="text">The text, one line.</param>
    /// <param name="x">Where it begins.</param>
    /// <param name="baseline">Its baseline.</param>
    /// <param name="size">Pixels.</param>
    /// <param name="color">Its colour.</param>
    /// <param name="bold">Whether it is bold.</param>
    public float Write(string text, float x, float baseline, float size, Color color, bool bold = false) =>
        Write(text, x, baseline, size, bold ? _bold : _typeface, color);

    /// <summary>The picture.</summary>
    /// <returns>A PNG file's bytes.</returns>
    public byte[] ToPng()
    {
        using SKImage image = _surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _surface.Dispose();
        _typeface.Dispose();
        _bold.Dispose();
    }

    private float Write(string text, float x, float baseline, float size, SKTypeface typeface, Color color)
    {
        using SKFont font = new(typeface, size) { Edging = SKFontEdging.Antialias, Subpixel = true };
        using SKPaint paint = new() { Color = new SKColor(color.ARGB), IsAntialias = true };
        _surface.Canvas.DrawText(text, x, baseline, font, paint);
        return font.MeasureText(text);
    }

    private void Line(float x, float y, float toX, Color color, LinePattern pattern, float width)
    {
        using SKPathEffect? dashes = pattern.GetPathEffect();
        using SKPaint paint = new() { Color = new SKColor(color.ARGB), IsAntialias = true, StrokeWidth = width, IsStroke = true, PathEffect = dashes };
        _surface.Canvas.DrawLine(x, y, toX, y, paint);
    }
}

// The type of every picture: Inter, carried in the assembly, so that a picture looks the same on a machine without
// fonts, such as a container.

using ScottPlot;
using SkiaSharp;

namespace VmBus.Tool;

/// <summary>Gives the pictures' own typeface, to ScottPlot too.</summary>
internal sealed class SheetFont : IFontResolver
{
    /// <summary>The name ScottPlot knows it by.</summary>
    public const string Name = "VmBus Inter";

    private static readonly Lazy<string> Registered = new(static () =>
    {
        Fonts.FontResolvers.Insert(0, new SheetFont());
        return Name;
    });

    private SheetFont()
    {
    }

    /// <summary>Makes ScottPlot know the typeface.</summary>
    public static string Register() => Registered.Value;

    /// <summary>Loads the typeface.</summary>
    /// <param name="bold">Whether semi-bold.</param>
    /// <returns>The typeface; the caller disposes it.</returns>
    public static SKTypeface Typeface(bool bold)
    {
        string file = bold ? "Inter-SemiBold.otf" : "Inter-Regular.otf";
        using Stream stream = typeof(SheetFont).Assembly.GetManifestResourceStream(file)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {file}.");
        return SKTypeface.FromStream(stream);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? Typeface(bold) : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Name ? Typeface(weight >= FontWeight.SemiBold) : null;
}

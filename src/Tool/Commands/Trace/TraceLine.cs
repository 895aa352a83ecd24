using Spectre.Console;

namespace VmBus.Tool;

/// <summary>A line in pieces, each with its tint.</summary>
internal sealed class TraceLine
{
    private readonly List<(string Text, TraceTint Tint)> _pieces = [];

    /// <summary>Its length in columns.</summary>
    public int Width { get; private set; }

    /// <summary>Puts a piece at its end.</summary>
    public TraceLine Add(string text, TraceTint tint = TraceTint.Plain)
    {
        _pieces.Add((text, tint));
        Width += text.Length;
        return this;
    }

    /// <summary>Writes it in colours.</summary>
    public void Write(IAnsiConsole console)
    {
        Paragraph line = new();
        foreach ((string text, TraceTint tint) in _pieces)
            line.Append(text, Style(tint));
        console.Write(line);
        console.WriteLine();
    }

    /// <summary>The line without colours or blanks at its end.</summary>
    public override string ToString() => string.Concat(_pieces.Select(piece => piece.Text)).TrimEnd();

    private static Style Style(TraceTint tint) => tint switch
    {
        TraceTint.Quiet => new Style(Color.Grey),
        TraceTint.ToHost => new Style(Color.Aqua),
        TraceTint.ToGuest => new Style(Color.Yellow),
        TraceTint.Problem => new Style(Color.Red),
        _ => Spectre.Console.Style.Plain,
    };
}

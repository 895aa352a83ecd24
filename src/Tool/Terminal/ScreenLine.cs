namespace VmBus.Tool;

/// <summary>A line of a screen in pieces, each with its tint.</summary>
internal sealed class ScreenLine
{
    private readonly List<(string Text, ScreenTint Tint)> _pieces = [];

    /// <summary>A line of one piece.</summary>
    public ScreenLine(string text = "", ScreenTint tint = ScreenTint.Plain) => Add(text, tint);

    /// <summary>Its pieces, from left to right.</summary>
    public IReadOnlyList<(string Text, ScreenTint Tint)> Pieces => _pieces;

    /// <summary>Its length in columns.</summary>
    public int Width { get; private set; }

    /// <summary>Puts a piece at its end.</summary>
    /// <param name="text">The piece, of characters one column wide.</param>
    /// <param name="tint">What it is.</param>
    public ScreenLine Add(string text, ScreenTint tint = ScreenTint.Plain)
    {
        if (text.Length > 0)
            _pieces.Add((text, tint));
        Width += text.Length;
        return this;
    }

    /// <summary>The line without tints or blanks at its end.</summary>
    public override string ToString() => string.Concat(_pieces.Select(piece => piece.Text)).TrimEnd();
}

// A screen full of lines as the bytes a terminal understands (ECMA-48). Every cell is written: nothing is erased first, so
// nothing flickers, and a terminal that was resized meanwhile shows no remains.

using System.Globalization;
using System.Text;

namespace VmBus.Tool;

/// <summary>Writes frames as control sequences.</summary>
internal static class AnsiFrame
{
    /// <summary>Turns to the alternate screen, hides the cursor, and lets long lines be cut.</summary>
    public const string Enter = "\e[?1049h\e[?25l\e[?7l\e[2J";

    /// <summary>
    /// Undoes <see cref="Enter"/>: what was on the screen before is there again. And takes arrow keys out of the application
    /// mode that the runtime puts them in and leaves them in.
    /// </summary>
    public const string Leave = "\e[0m\e[?7h\e[?25h\e[?1049l\e[?1l\e>";

    private const string Plain = "\e[0m";

    /// <summary>Writes a frame.</summary>
    /// <param name="lines">The lines, from the top; those beyond the last row are left out, and long ones are cut.</param>
    /// <param name="columns">The width of the screen.</param>
    /// <param name="rows">Its height.</param>
    /// <param name="colors">Whether there are colours; without them bars are still reversed, which is none.</param>
    public static string Write(IReadOnlyList<ScreenLine> lines, int columns, int rows, bool colors)
    {
        ArgumentNullException.ThrowIfNull(lines);
        StringBuilder frame = new();
        for (int row = 0; row < rows; row++)
        {
            frame.Append(CultureInfo.InvariantCulture, $"\e[{row + 1};1H");
            int left = columns;
            foreach ((string text, ScreenTint tint) in row < lines.Count ? lines[row].Pieces : [])
            {
                string shown = text.Length <= left ? text : text[..left];
                string style = Style(tint, colors);
                frame.Append(style).Append(shown).Append(style.Length > 0 ? Plain : "");
                left -= shown.Length;
            }

            frame.Append(' ', left);
        }

        return frame.ToString();
    }

    private static string Style(ScreenTint tint, bool colors) => (tint, colors) switch
    {
        (ScreenTint.Bar, _) => "\e[7m",
        (ScreenTint.Chosen, _) => "\e[1;7m",
        (ScreenTint.Strong, _) => "\e[1m",
        (ScreenTint.Quiet, true) => "\e[90m",
        (ScreenTint.Warning, true) => "\e[33m",
        (ScreenTint.Alarm, true) => "\e[1;31m",
        (ScreenTint.Alarm, false) => "\e[1m",
        _ => "",
    };
}

// Text that another wrote, such as a host, as a terminal may have it: a control character could be a command to the terminal.

using System.Globalization;
using System.Text;

namespace VmBus.Tool;

/// <summary>Makes text one line that shows all of its characters.</summary>
internal static class OneLine
{
    /// <summary>Writes backslashes as <c>\\</c>, and what is not seen or turns a line round as <c>\n</c>, <c>\r</c>, <c>\t</c> or <c>\uXXXX</c>.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder line = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char one = text[i];
            if (Rune.TryGetRuneAt(text, i, out Rune rune) && !IsHidden(Rune.GetUnicodeCategory(rune)))
            {
                line.Append(one == '\\' ? "\\\\" : rune.ToString());
                i += rune.Utf16SequenceLength - 1;
                continue;
            }

            line.Append(one switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => $"\\u{(int)one:x4}",
            });
        }

        return line.ToString();
    }

    // Format characters are the marks that reverse the direction of a line, among others.
    private static bool IsHidden(UnicodeCategory category) => category is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
}

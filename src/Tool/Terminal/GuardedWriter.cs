// Standard output as a person or a program takes it: errors of it have its name, and where the locale has ASCII alone it gets that.

using System.Text;

namespace VmBus.Tool;

/// <summary>Writes to another writer.</summary>
/// <param name="inner">The other.</param>
/// <param name="name">What it is called in an error.</param>
/// <param name="isAscii">Whether it takes ASCII alone.</param>
internal sealed class GuardedWriter(TextWriter inner, string name, bool isAscii) : TextWriter
{
    // The first that is set decides.
    private static readonly string[] Locales = ["LC_ALL", "LC_CTYPE", "LANG"];

    /// <inheritdoc/>
    public override Encoding Encoding => isAscii ? Encoding.ASCII : inner.Encoding;

    /// <summary>Whether the locale has ASCII alone (locale(7)): it is said to be the one of C. Without a word UTF-8 is taken.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    public static bool IsAsciiLocale(Func<string, string?> variable)
    {
        string? locale = Locales.Select(variable).FirstOrDefault(one => !string.IsNullOrEmpty(one));
        return locale is "C" or "POSIX";
    }

    /// <inheritdoc/>
    public override void Write(char value) => Write(value.ToString());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Guard(() => inner.Write(isAscii && value is not null ? ToAscii(value) : value));

    /// <inheritdoc/>
    public override void WriteLine() => Guard(inner.WriteLine);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Guard(() => inner.WriteLine(isAscii && value is not null ? ToAscii(value) : value));

    /// <inheritdoc/>
    public override void Flush() => Guard(inner.Flush);

    private static string ToAscii(string text)
    {
        if (Ascii.IsValid(text))
            return text;
        StringBuilder ascii = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            ascii.Append(rune.Value switch
            {
                < 0x80 => rune.ToString(),
                'µ' or 'μ' => "u",
                '─' => "-",
                '×' => "x",
                '…' => "...",
                '²' => "2",
                _ => "?",
            });
        }
        return ascii.ToString();
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException error)
        {
            throw new ToolException($"cannot write to {name}: {error.Message.TrimEnd('.')}", error);
        }
        catch (UnauthorizedAccessException error)
        {
            // EBADF: there is no such descriptor, or it is open for reading.
            throw new ToolException($"cannot write to {name}: it is closed", error);
        }
    }
}

// The process's edge to a person or a pipe: results to standard output, progress and errors to standard error.

using System.Globalization;
using Spectre.Console;

namespace VmBus.Tool;

/// <summary>Where a command writes.</summary>
internal sealed class Terminal
{
    // A log or a pipe has no width of its own; 80 columns can be read in each of them.
    private const int RedirectedWidth = 80;

    private const int Utf8 = 65001;
    private const int Utf16 = 1200;

    /// <summary>Results, plain.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Errors and plain progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Results, laid out and coloured, or <see langword="null"/> where they go to a file or a pipe.</summary>
    public IAnsiConsole? OutConsole { get; init; }

    /// <summary>The width of results that go to a file or a pipe.</summary>
    public int PlainWidth { get; init; } = RedirectedWidth;

    /// <summary>The width of results.</summary>
    public int Width => OutConsole?.Profile.Width ?? PlainWidth;

    /// <summary>Whether plain results may have more than ASCII.</summary>
    public bool IsOutUnicode => Out.Encoding.CodePage is Utf8 or Utf16;

    /// <summary>Live progress, or <see langword="null"/> where no terminal shows it.</summary>
    public IAnsiConsole? Progress { get; init; }

    /// <summary>Results that move, or <see langword="null"/> where they go to a file, a pipe, or a terminal without a cursor.</summary>
    public ILiveScreen? Screen { get; init; }

    /// <summary>How long the command may take to end when it is interrupted, before the process is ended the hard way.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The terminal or pipes this process was started with.</summary>
    public static Terminal OfProcess()
    {
        bool isDumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        var output = new GuardedWriter(Console.Out, "standard output", GuardedWriter.IsAsciiLocale(Environment.GetEnvironmentVariable));
        return new()
        {
            Out = output,
            Error = new LastWriter(Console.Error),
            OutConsole = Console.IsOutputRedirected ? null : Live(output),
            PlainWidth = Columns() ?? RedirectedWidth,
            Progress = Console.IsErrorRedirected || isDumb ? null : Live(Console.Error),
            Screen = Console.IsOutputRedirected || isDumb ? null : new LiveScreen(Console.OpenStandardOutput(), HasColors()),
        };
    }

    /// <summary>Writes laid-out results: as they are to a terminal, as plain lines to a file or a pipe.</summary>
    public void WriteLaidOut(Action<IAnsiConsole> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (OutConsole is { } console)
            write(console);
        else
            Out.Write(Plain(write, PlainWidth, IsOutUnicode));
        Out.Flush();
    }

    /// <summary>Lays results out without colours, cursor movements or blanks at the ends of lines.</summary>
    /// <param name="write">Writes them to a console.</param>
    /// <param name="width">The width in columns.</param>
    /// <param name="unicode">Whether lines may be drawn with more than ASCII.</param>
    /// <returns>The lines, each ended by a line feed.</returns>
    public static string Plain(Action<IAnsiConsole> write, int width, bool unicode)
    {
        ArgumentNullException.ThrowIfNull(write);
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = unicode;
        write(console);
        return string.Join('\n', text.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()));
    }

    /// <summary>Ends what a live display may have left behind: a screen taken over, a half-drawn bar, and a hidden cursor.</summary>
    public void Restore()
    {
        Screen?.Leave();
        const string EraseLine = "\r\e[2K";
        const string ShowCursor = "\e[?25h";
        if (Progress is not null)
            Error.Write(EraseLine + ShowCursor);
        Error.Flush();
    }

    private static IAnsiConsole Live(TextWriter writer) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });

    // https://no-color.org: any value but an empty one.
    private static bool HasColors() => Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    private static int? Columns() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int columns) && columns >= 40
            ? columns
            : null;
}

// The process's edge to a person or a pipe: results to standard output, progress and errors to standard error.

using System.Globalization;
using Spectre.Console;

namespace VmBus.Tool.Cli;

/// <summary>Where a command writes.</summary>
internal sealed class Terminal
{
    // A log or a pipe has no width of its own; 80 columns can be read in each of them.
    private const int RedirectedWidth = 80;

    /// <summary>Results, plain.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Errors and plain progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Results, laid out.</summary>
    public required IAnsiConsole OutConsole { get; init; }

    /// <summary>Live progress, or <see langword="null"/> where nobody could see it move.</summary>
    public IAnsiConsole? Progress { get; init; }

    /// <summary>The terminal or pipes this process was started with.</summary>
    /// <returns>The edge of the process.</returns>
    public static Terminal OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        OutConsole = Console.IsOutputRedirected ? Plain(Console.Out, Columns() ?? RedirectedWidth) : Live(Console.Out),
        Progress = Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") == "dumb" ? null : Live(Console.Error),
    };

    /// <summary>A console without colours or cursor movements.</summary>
    /// <param name="writer">Where it writes.</param>
    /// <param name="width">Its width in columns.</param>
    /// <returns>The console.</returns>
    public static IAnsiConsole Plain(TextWriter writer, int width)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = writer.Encoding.CodePage is 65001 or 1200;
        return console;
    }

    /// <summary>Ends what a live display may have left behind: a hidden cursor.</summary>
    public void Restore()
    {
        if (Progress is not null)
            Error.Write("\e[?25h");
        Error.Flush();
    }

    private static IAnsiConsole Live(TextWriter writer) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });

    private static int? Columns() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int columns) && columns >= 40
            ? columns
            : null;
}

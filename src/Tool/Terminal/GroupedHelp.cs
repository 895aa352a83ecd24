// The help of the command without a word: its commands in groups, as a reader looks for them.

using System.CommandLine;
using System.CommandLine.Invocation;

namespace VmBus.Tool;

/// <summary>Writes the commands of a root by group, within a width.</summary>
/// <param name="terminal">Says the width.</param>
/// <param name="groups">The groups: a heading, and commands.</param>
/// <param name="examples">What to print below.</param>
internal sealed class GroupedHelp(Terminal terminal, IReadOnlyList<(string Heading, IReadOnlyList<Command> Commands)> groups, string examples) : SynchronousCommandLineAction
{
    private const int Indent = 2;
    private const int Gap = 2;
    private const int WidestLine = 120;
    private const int LeastText = 30;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ArgumentNullException.ThrowIfNull(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command root = parseResult.RootCommandResult.Command;
        int width = Math.Min(terminal.Width, WidestLine);
        WriteWrapped(output, "", root.Description ?? "", 0, width);
        output.WriteLine();
        output.WriteLine("Usage: vmbus COMMAND [options]");
        List<(string Heading, List<(string Name, string Text)> Rows)> parts =
        [
            .. groups.Select(static group => (group.Heading, group.Commands.Select(static one => (Name(one), one.Description ?? "")).ToList())),
            ("Options", root.Options.Select(static one => (Name(one), one.Description ?? "")).ToList()),
        ];
        int names = parts.Max(static part => part.Rows.Max(static row => row.Name.Length));
        foreach ((string heading, List<(string Name, string Text)> rows) in parts)
        {
            output.WriteLine();
            output.WriteLine($"{heading}:");
            foreach ((string name, string text) in rows)
                WriteWrapped(output, name, text, Indent + names + Gap, width);
        }

        output.WriteLine();
        output.WriteLine(examples);
        output.Flush();
        return ExitCode.Success;
    }

    private static string Name(Command command) => string.Join(' ', command.Arguments.Where(static one => !one.Hidden).Select(Name).Prepend(command.Name));

    private static string Name(Argument argument) => argument.Arity.MinimumNumberOfValues == 0 || argument.HasDefaultValue ? $"[{argument.Name}]" : argument.Name;

    private static string Name(Option option) => string.Join(", ", option.Aliases.Where(static alias => alias is not ['/', ..] and not "-?").Append(option.Name).Distinct());

    // Where little room is left beside the names, texts go below them.
    private static void WriteWrapped(TextWriter output, string name, string text, int column, int width)
    {
        if (column > 0 && width - column < LeastText)
        {
            output.WriteLine($"{"",Indent}{name}");
            (name, column) = ("", 2 * Indent);
        }

        string line = name.Length > 0 ? $"{"",Indent}{name}".PadRight(column) : new string(' ', column);
        bool isEmpty = true;
        foreach (string word in text.Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                output.WriteLine(line);
                (line, isEmpty) = (new string(' ', column), true);
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        output.WriteLine(line);
    }
}

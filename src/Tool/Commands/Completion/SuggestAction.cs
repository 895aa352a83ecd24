// What could stand where the cursor is. In the place of System.CommandLine's own action, which also tells names that only look odd in a
// list, as "/h", and words that have what was typed somewhere within.

using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace VmBus.Tool;

/// <summary><c>vmbus "[suggest:7]" "vmbus li"</c>: a word a line.</summary>
internal sealed class SuggestAction(SuggestDirective directive) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ArgumentNullException.ThrowIfNull(parseResult);
        string line = parseResult.Tokens.LastOrDefault(static token => token.Type != TokenType.Directive)?.Value ?? "";
        string? asked = parseResult.GetResult(directive) is { Values: [var number, ..] } ? number : null;
        int position = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int cursor) ? Math.Min(cursor, line.Length) : line.Length;
        string word = line[..position];
        word = word[(word.LastIndexOf(' ') + 1)..];
        ParseResult typed = parseResult.RootCommandResult.Command.Parse(line);
        foreach (CompletionItem item in typed.GetCompletions(position))
        {
            if (item.Label.StartsWith(word, StringComparison.OrdinalIgnoreCase) && item.Label is not ['/', ..] and not "-?")
                parseResult.InvocationConfiguration.Output.WriteLine(item.Label);
        }

        return ExitCode.Success;
    }
}

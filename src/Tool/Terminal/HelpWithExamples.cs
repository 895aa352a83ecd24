using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace VmBus.Tool;

/// <summary>The usual help, with examples a reader can paste below it.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private readonly HelpAction _help;
    private readonly GroupedHelp _root;
    private readonly IReadOnlyDictionary<Command, string> _examples;

    /// <summary>Wraps the usual help.</summary>
    /// <param name="help">The usual help.</param>
    /// <param name="root">The help of the command without a word.</param>
    /// <param name="examples">What to print below the help of each command.</param>
    public HelpWithExamples(HelpAction help, GroupedHelp root, IReadOnlyDictionary<Command, string> examples)
    {
        _help = help;
        _root = root;
        _examples = examples;
    }

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is RootCommand)
            return _root.Invoke(parseResult);
        int exitCode = _help.Invoke(parseResult);
        if (_examples.TryGetValue(parseResult.CommandResult.Command, out string? examples))
            parseResult.InvocationConfiguration.Output.WriteLine(examples);
        return exitCode;
    }
}

// vmbus completion: a script for a shell. What completes a line is the command itself: it knows its own options and values.

using System.CommandLine;

namespace VmBus.Tool;

/// <summary>The <c>completion</c> command.</summary>
internal sealed class CompletionCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          source <(vmbus completion bash)                           in ~/.bashrc
          source <(vmbus completion zsh)                            in ~/.zshrc, behind compinit
          vmbus completion fish | source                            in ~/.config/fish/config.fish
          vmbus completion pwsh | Out-String | Invoke-Expression    in $PROFILE
        """;

    private readonly Terminal _terminal;
    private readonly Argument<string> _shell = new("SHELL") { Description = $"The shell: {string.Join(", ", CompletionScript.Shells)}." };

    /// <summary>Makes the command.</summary>
    public CompletionCommand(Terminal terminal)
    {
        _terminal = terminal;
        _shell.CompletionSources.Add([.. CompletionScript.Shells]);
        Command = new Command("completion", "Print a script by which a shell completes commands, options and their values.") { _shell };
        Command.SetAction(line =>
        {
            string shell = line.GetValue(_shell)!;
            _terminal.Out.Write(CompletionScript.Of(shell) ?? throw new UsageException($"no script for '{OneLine.Of(shell)}': there are some for {string.Join(", ", CompletionScript.Shells)}"));
            _terminal.Out.Flush();
            return ExitCode.Success;
        });
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }
}

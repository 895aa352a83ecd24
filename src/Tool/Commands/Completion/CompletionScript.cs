// The scripts. Each asks the command of the line, as it is up to the cursor, by its directive: vmbus "[suggest:7]" "vmbus li". Where
// the command knows nothing, shells complete files.

namespace VmBus.Tool;

/// <summary>A script a shell.</summary>
internal static class CompletionScript
{
    private const string Bash = """
        # vmbus completion bash
        _vmbus_complete() {
            local line="vmbus${COMP_LINE:${#COMP_WORDS[0]}:COMP_POINT-${#COMP_WORDS[0]}}" IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o bashdefault -o default -F _vmbus_complete vmbus

        """;

    private const string Zsh = """
        #compdef vmbus
        # vmbus completion zsh
        _vmbus() {
            local line="vmbus ${(j: :)words[2,CURRENT]}"
            local -a found
            found=(${(f)"$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)"})
            if (( ${#found} )); then compadd -a found; else _files; fi
        }
        if [[ ${funcstack[1]} == _vmbus ]]; then _vmbus "$@"; else compdef _vmbus vmbus; fi

        """;

    private const string Fish = """
        # vmbus completion fish
        function __vmbus_complete
            set -l line (string replace -r '^\s*\S+' vmbus -- (commandline -cp))
            vmbus "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c vmbus -a '(__vmbus_complete)'

        """;

    private const string PowerShell = """
        # vmbus completion pwsh
        Register-ArgumentCompleter -Native -CommandName vmbus -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.ToString().PadRight($cursorPosition).Substring(0, $cursorPosition) -replace '^\s*\S+', 'vmbus'
            vmbus "[suggest:$($line.Length)]" "$line" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;

    /// <summary>The shells there is a script for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The script of a shell; <see langword="null"/> when there is none.</summary>
    public static string? Of(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        "pwsh" => PowerShell,
        _ => null,
    };
}

// vmbus doctor: which backends can work on this machine, and what the others lack.

using System.CommandLine;
using System.Text.Json;

namespace VmBus.Tool;

/// <summary>The <c>doctor</c> command.</summary>
internal sealed class DoctorCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus doctor            what works here, and what the rest lacks
          vmbus doctor --json | jq -r '.backends[] | select(.works) | .backend'
        """;

    private readonly Terminal _terminal;
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document." };

    /// <summary>Makes the command.</summary>
    public DoctorCommand(Terminal terminal)
    {
        _terminal = terminal;
        Command = new Command("doctor", "Show which backends work on this machine, and what the others lack.") { _json };
        Command.SetAction(Run);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private int Run(ParseResult line)
    {
        IReadOnlyList<DoctorFinding> findings = new Diagnosis("/", Environment.IsPrivilegedProcess).All();
        if (line.GetValue(_json))
            _terminal.Out.WriteLine(JsonSerializer.Serialize(new DoctorDocument(DoctorDocument.SchemaName, VmBusCommand.Version, Diagnosis.System, findings), ToolJson.Indented.DoctorDocument));
        else
            _terminal.WriteLaidOut(console => DoctorText.Write(console, Diagnosis.System, findings));
        return ExitCode.Success;
    }
}

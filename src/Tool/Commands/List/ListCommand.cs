// vmbus list: the devices and channels of this Linux guest.

using System.CommandLine;
using System.Text.Json;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>list</c> command.</summary>
internal sealed class ListCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus list              a line a device, as lsvmbus prints them
          vmbus list -v           with classes and channels; -vv: instances, folders, drivers, monitors
          vmbus list --tree       devices and their channels as a tree
          vmbus list --json | jq '.devices[] | select(.class_name == "network") | .channels'
        """;

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<bool> _more = new("-v") { Description = "Each device's class, and its channels with the VP each interrupts and the low-latency flag, where it is set." };
    private readonly Option<bool> _most = new("-vv") { Description = "Also show instance, folder in sysfs, driver and monitors." };
    private readonly Option<bool> _tree = new("--tree") { Description = "Draw devices and channels as a tree." };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document with all that sysfs shows." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public ListCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("list", "List the VMBus devices and channels of this Linux guest.")
        {
            _more, _most, _tree, _json, _sysfs,
        };
        Command.SetAction(Run);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private int Run(ParseResult line)
    {
        if (line.GetValue(_tree) && line.GetValue(_json))
            throw new UsageException("--tree and --json do not go together: leave one out");
        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        bool isShort = !(line.GetValue(_more) || line.GetValue(_most) || line.GetValue(_tree) || line.GetValue(_json));
        IReadOnlyList<SysfsDevice> devices = isShort ? sysfs.ListNames() : sysfs.ListDevices();
        // Each flag is a descriptor opened: only for what shows them.
        if (!isShort)
            devices = LowLatencyChannel.WithFlags(sysfs, devices);
        if (line.GetValue(_json))
            _terminal.Out.WriteLine(JsonSerializer.Serialize(ListDocument.From(devices, VmBusCommand.Version), ToolJson.Indented.ListDocument));
        else if (line.GetValue(_tree))
            _terminal.WriteLaidOut(console => ListTree.Write(console, devices));
        else
            ListText.Write(_terminal.Out, devices, line.GetValue(_most) ? 2 : line.GetValue(_more) ? 1 : 0);
        return ExitCode.Success;
    }
}

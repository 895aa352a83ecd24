using System.CommandLine;

namespace VmBus.Tool;

/// <summary>The options of a command that measures a window: <c>--measure</c> and what belongs to it.</summary>
internal sealed class WindowArguments(string description)
{
    private readonly Option<string?> _hints = new("--hints") { Description = "With --measure: measure each of these latency hints, then restore the old one.", HelpName = "TIME,..." };
    private readonly Option<string?> _samples = new("--samples") { Description = "With --measure: pairs of samples a hint (100).", HelpName = "N" };
    private readonly Option<bool> _bind = new("--bind") { Description = "With --measure: unbind the device from its driver, and restore it at the end." };

    /// <summary>The option that names the device.</summary>
    public Option<string?> Measure { get; } = new("--measure") { Description = description, HelpName = "DEVICE" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        foreach (Option option in (Option[])[Measure, _hints, _samples, _bind])
            command.Options.Add(option);
    }

    /// <inheritdoc cref="WindowOptions.Read"/>
    public WindowOptions? Read(ParseResult line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return WindowOptions.Read(line.GetValue(Measure), line.GetValue(_hints), line.GetValue(_samples), line.GetValue(_bind));
    }
}

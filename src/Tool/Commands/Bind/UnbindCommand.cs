// vmbus unbind: takes a device from its driver, unless a process uses it.

using System.CommandLine;
using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>unbind</c> command.</summary>
internal sealed class UnbindCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus unbind fcopy                      leave it without a driver
          vmbus unbind vmbus:14 --restore         let the kernel bind its own driver again
          vmbus unbind balloon --restore --force  even while a process has it open
        """;

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Argument<string> _device = new("DEVICE") { Description = $"The device: {DeviceChoice.Forms}." };
    private readonly Option<bool> _restore = new("--restore") { Description = "Let the kernel bind its own driver again." };
    private readonly Option<bool> _all = new("--all") { Description = "Every device of the class." };
    private readonly Option<bool> _force = new("--force") { Description = "Even if a process has it open: Linux then leaves its channel open, and it cannot be opened again." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public UnbindCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("unbind", "Unbind a VMBus device of this Linux guest from its driver. Needs root.")
        {
            _device, _restore, _all, _force, _sysfs,
        };
        Command.SetAction(Run);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private int Run(ParseResult line)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("binding devices needs Linux's sysfs, which is missing here");
        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        IReadOnlyList<SysfsDevice> devices = DeviceChoice.Find(sysfs, line.GetRequiredValue(_device), line.GetValue(_all));
        foreach (SysfsDevice device in devices)
        {
            if (Openers.Tell(sysfs, device, _engines.Proc) is not { } openers)
                continue;
            if (!line.GetValue(_force))
                throw new ToolException($"{openers}: end it first. Otherwise the channel of {DeviceChoice.Name(device)} stays open, and with Linux 6.12 the device cannot be opened again. --force takes it anyway");
            _terminal.Error.WriteLine($"vmbus: {openers}, and loses it");
        }

        foreach (SysfsDevice device in devices)
            Unbind(sysfs, device, line.GetValue(_restore));
        return ExitCode.Success;
    }

    [SupportedOSPlatform("linux")]
    private void Unbind(VmBusSysfs sysfs, SysfsDevice device, bool restore)
    {
        string name = DeviceChoice.Name(device);
        if (device.Driver is null && device.DriverOverride is null && !restore)
        {
            _terminal.Out.WriteLine($"{name} has no driver already");
            return;
        }

        VmBusBinding.Unbind(sysfs, device.InstanceId!.Value, restore);
        string before = device.Driver is { } driver ? $"before {driver}" : "before none";
        string? now = sysfs.FindDevice(device.InstanceId!.Value)?.Driver;
        _terminal.Out.WriteLine(now switch
        {
            null => $"{name} has no driver now, {before}{(restore ? ": the kernel has none for it" : "")}",
            _ when now == device.Driver => $"{name} has {now} again: the kernel finds no other for it",
            _ => $"{name} has {now} now, {before}",
        });
    }
}

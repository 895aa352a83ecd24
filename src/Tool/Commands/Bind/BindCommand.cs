// vmbus bind: gives a device to user space, or to another driver.

using System.CommandLine;
using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>bind</c> command.</summary>
internal sealed class BindCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus bind fcopy                                        by the name of its class
          vmbus bind vmbus:14 --until-exit                        by its relid, until Ctrl-C
          vmbus bind 1eccfd72-4b41-45ef-b73a-4a6e44c12924         by its instance
          vmbus bind network --all --driver hv_netvsc             every network adapter, to its own driver
        """;

    /// <summary>How long giving devices back may take: a driver that takes a device talks to the host.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Argument<string> _device = new("DEVICE") { Description = $"The device: {DeviceChoice.Forms}." };
    private readonly Option<string> _driver = new("--driver") { Description = "The driver to bind it to.", HelpName = "NAME", DefaultValueFactory = _ => "uio_hv_generic" };
    private readonly Option<bool> _untilExit = new("--until-exit", "--undo") { Description = "Keep running, and restore its driver on Ctrl-C or SIGTERM." };
    private readonly Option<bool> _all = new("--all") { Description = "Every device of the class." };
    private readonly Option<bool> _force = new("--force") { Description = "Even if a process has it open." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public BindCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("bind", "Bind a VMBus device of this Linux guest to uio_hv_generic, or to another driver. Needs root.")
        {
            _device, _driver, _untilExit, _all, _force, _sysfs,
        };
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("binding devices needs Linux's sysfs, which is missing here");
        bool untilExit = line.GetValue(_untilExit);
        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        IReadOnlyList<SysfsDevice> devices = DeviceChoice.Find(sysfs, line.GetRequiredValue(_device), line.GetValue(_all));
        List<(Guid Instance, VmBusBinding Binding)> bound = [];
        if (untilExit)
            _terminal.Grace = Grace;
        try
        {
            foreach (SysfsDevice device in devices)
                Bind(sysfs, device, line.GetValue(_driver)!, line.GetValue(_force), untilExit, bound);
        }
        catch (Exception error) when (error is ToolException or LinuxGuestException)
        {
            // All or none, where they are to be given back.
            GiveBack(sysfs, bound);
            throw;
        }

        if (!untilExit)
            return ExitCode.Success;
        if (bound.Count > 0)
        {
            _terminal.Error.WriteLine("vmbus: Ctrl-C gives back what was bound");
            _terminal.Out.Flush();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return GiveBack(sysfs, bound) ? ExitCode.Success : ExitCode.Failed;
    }

    [SupportedOSPlatform("linux")]
    private void Bind(VmBusSysfs sysfs, SysfsDevice device, string driver, bool force, bool undo, List<(Guid Instance, VmBusBinding Binding)> bound)
    {
        string name = DeviceChoice.Name(device);
        if (device.Driver == driver)
        {
            _terminal.Out.WriteLine($"{name} is bound to {driver} already{Node(sysfs, device)}{(undo ? ", and stays so" : "")}");
            return;
        }

        if (!force && Openers.Tell(sysfs, device, _engines.Proc) is { } openers)
            throw new ToolException($"{openers}: end it before {name} gets another driver, or give --force");
        bound.Add((device.InstanceId!.Value, VmBusBinding.Bind(sysfs, device.InstanceId!.Value, undo, driver)));
        _terminal.Out.WriteLine($"{name} is bound to {driver} now, {(device.Driver is { } before ? $"before to {before}" : "before to none")}{Node(sysfs, sysfs.FindDevice(device.InstanceId!.Value))}");
    }

    [SupportedOSPlatform("linux")]
    private bool GiveBack(VmBusSysfs sysfs, List<(Guid Instance, VmBusBinding Binding)> bound)
    {
        bool isAll = true;
        foreach ((Guid instance, VmBusBinding binding) in bound)
        {
            try
            {
                if (sysfs.FindDevice(instance) is { } device && Openers.Tell(sysfs, device, _engines.Proc) is { } openers)
                    throw new ToolException($"{openers}: the driver of {instance} is not restored; do it later with 'vmbus unbind --restore {instance}'");
                binding.Dispose();
            }
            catch (Exception error) when (error is ToolException or LinuxGuestException)
            {
                isAll = false;
                _terminal.Error.WriteLine($"vmbus: {error.Message}");
            }
        }

        return isAll;
    }

    private static string Node(VmBusSysfs sysfs, SysfsDevice? device) => device?.UioName is { } uio ? $": {Path.Combine(sysfs.DeviceRoot, uio)}" : "";
}

// vmbus low-latency: the switch of the 2016 patch, for the channels of kernel drivers.

using System.CommandLine;
using System.Runtime.Versioning;
using System.Text.Json;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>low-latency</c> command.</summary>
internal sealed class LowLatencyCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        How it works:
          A monitored channel signals its host by a bit in a page. The hypervisor inspects that page about every 100 us:
          this saves exits, and every message waits. With the flag set, the driver makes a hypercall from the next signal
          on: no wait, one exit a signal. Set it where latency matters, and measure.
          Needs the kernel module vmbus_signal; setting the flag needs root. It is set on all channels of a device,
          subchannels too, and stays until --off, until the driver releases the device, or until the module is unloaded.

        Examples:
          vmbus low-latency                            channels with a monitor, their flag, their hypercalls
          vmbus low-latency --seconds 5                the same, and the signals of 5 s by monitor and by hypercall
          vmbus low-latency eth0                       a network interface
          vmbus low-latency --all-of hv_storvsc        every device of a driver
          vmbus low-latency heartbeat --until-exit     and back with Ctrl-C
          vmbus low-latency eth0 --off
          vmbus low-latency --json | jq '.channels[] | select(.low_latency) | .relid'
        """;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>How long taking the flags back may take.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Argument<string?> _device = new("DEVICE") { Description = $"Set the flag of a device's channels: {DeviceChoice.Forms}.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _allOf = new("--all-of") { Description = "Set the flag of all devices of a driver (hv_netvsc).", HelpName = "DRIVER" };
    private readonly Option<bool> _all = new("--all") { Description = "Every device of the class." };
    private readonly Option<bool> _off = new("--off") { Description = "Clear the flag." };
    private readonly Option<bool> _untilExit = new("--until-exit") { Description = "Keep running, also set the flag of new channels, and clear it on Ctrl-C or SIGTERM." };
    private readonly Option<string?> _seconds = new("--seconds") { Description = "Count signals for this long, by monitor too. Needs root and tracefs.", HelpName = "N" };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON document." };
    private readonly Option<string> _sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "DIR", DefaultValueFactory = _ => "/sys" };

    /// <summary>Makes the command.</summary>
    public LowLatencyCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        Command = new Command("low-latency", "Show which channels of this Linux guest signal at once, or make kernel drivers do so.")
        {
            _device, _allOf, _all, _off, _untilExit, _seconds, _json, _sysfs,
        };
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("the flag needs a Linux guest, and this is not Linux");
        string? device = line.GetValue(_device), driver = line.GetValue(_allOf);
        bool off = line.GetValue(_off), untilExit = line.GetValue(_untilExit), all = line.GetValue(_all), json = line.GetValue(_json);
        if (device is not null && driver is not null)
            throw new UsageException($"DEVICE and {_allOf.Name} both name devices: leave one out");
        if (off && untilExit)
            throw new UsageException($"{_off.Name} and {_untilExit.Name} do not go together");
        if (device is null && driver is null && (off || untilExit || all))
            throw new UsageException($"name a device, or the devices of a driver with {_allOf.Name}");

        TimeSpan? counted = line.GetValue(_seconds) is { } seconds ? Quantity.Seconds(_seconds.Name, seconds, 0.1, 3600) : null;
        if (counted is not null && (device is not null || driver is not null))
            throw new UsageException($"{_seconds.Name} goes with the list of channels: leave out the device");

        VmBusSysfs sysfs = _engines.Sysfs(line.GetValue(_sysfs)!);
        IReadOnlyList<SysfsDevice> Find() => driver is not null ? LowLatencyRun.DevicesOf(sysfs, driver) : DeviceChoice.Find(sysfs, device!, all);
        if (device is null && driver is null)
            await ListAsync(sysfs, counted, json, cancellationToken).ConfigureAwait(false);
        else if (untilExit)
            await HoldAsync(sysfs, Find, cancellationToken).ConfigureAwait(false);
        else
            Keep(sysfs, Find(), !off, json);
        return ExitCode.Success;
    }

    private async Task ListAsync(VmBusSysfs sysfs, TimeSpan? counted, bool json, CancellationToken cancellationToken)
    {
        IReadOnlyList<LowLatencyChannel> channels = counted is { } time
            ? await LowLatencyChannel.CountAsync(sysfs, time, cancellationToken).ConfigureAwait(false)
            : LowLatencyChannel.Read(sysfs, sysfs.ListDevices());
        bool hasModule = LowLatencyChannel.HasModule(sysfs);
        if (json)
            _terminal.Out.WriteLine(JsonSerializer.Serialize(LowLatencyDocument.From(channels, hasModule, counted, VmBusCommand.Version), ToolJson.Indented.LowLatencyDocument));
        else
            _terminal.WriteLaidOut(console => LowLatencyText.Write(console, channels, hasModule, counted));
    }

    [SupportedOSPlatform("linux")]
    private void Keep(VmBusSysfs sysfs, IReadOnlyList<SysfsDevice> devices, bool enable, bool json)
    {
        IReadOnlyList<LowLatencyChannel> now = LowLatencyRun.Keep(sysfs, devices, enable);
        if (json)
        {
            _terminal.Out.WriteLine(JsonSerializer.Serialize(LowLatencyDocument.From(now, hasModule: true, counted: null, VmBusCommand.Version), ToolJson.Indented.LowLatencyDocument));
            return;
        }

        foreach (LowLatencyChannel channel in now)
            _terminal.Out.WriteLine(LowLatencyText.Done(channel, enable));
        WriteLeft(devices);
    }

    [SupportedOSPlatform("linux")]
    private async Task HoldAsync(VmBusSysfs sysfs, Func<IReadOnlyList<SysfsDevice>> find, CancellationToken cancellationToken)
    {
        _terminal.Grace = Grace;
        using LowLatencyHold hold = new(sysfs, () => Again(find));
        IReadOnlyList<SysfsDevice> devices = find();
        IReadOnlyList<TopRow> first = hold.Renew();
        Write(first);
        WriteLeft(devices);
        if (first.Count == 0)
            return;
        _terminal.Error.WriteLine("vmbus: Ctrl-C clears the flag");
        using PeriodicTimer timer = new(Look);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
                Write(hold.Renew());
        }
        catch (OperationCanceledException)
        {
            // How the command ends.
        }

        void Write(IReadOnlyList<TopRow> rows)
        {
            foreach (TopRow row in rows)
                _terminal.Out.WriteLine(LowLatencyText.Done(new LowLatencyChannel(row, null), enable: true));
            _terminal.Out.Flush();
        }
    }

    // A device that is away for the moment is no error: its driver may be loaded again.
    private static IReadOnlyList<SysfsDevice> Again(Func<IReadOnlyList<SysfsDevice>> find)
    {
        try
        {
            return find();
        }
        catch (ToolException)
        {
            return [];
        }
    }

    private void WriteLeft(IReadOnlyList<SysfsDevice> devices)
    {
        foreach (string why in LowLatencyText.Left(TopRows.From(devices)))
            _terminal.Out.WriteLine(why);
    }
}

// The channels with a monitor and their flag, as a person reads them.

using System.Globalization;
using Spectre.Console;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Writes channels and what became of them.</summary>
internal static class LowLatencyText
{
    /// <summary>Writes all channels: those with a monitor as a table, the others in a line.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="hasModule">Whether the module is there.</param>
    /// <param name="counted">For how long signals were counted; <see langword="null"/> when they were not.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<LowLatencyChannel> channels, bool hasModule, TimeSpan? counted = null)
    {
        ArgumentNullException.ThrowIfNull(console);
        LowLatencyChannel[] monitored = [.. channels.Where(channel => channel.Row.IsMonitored == true)];
        if (monitored.Length == 0)
        {
            console.WriteLine("No channel of this guest has a monitor: each signal is a hypercall.");
        }
        else
        {
            if (counted is { } time)
                console.WriteLine($"signals of {Units.Duration(time)}");
            ColumnTable.Write(console, ["chan", "device", "driver", "mon", "latency", "flag", .. counted is null ? (string[])["by hypercall"] : ["by monitor", "by hypercall"]], [1, 2, 5],
                monitored.Select(channel => (string[])
                [TopNumber.Id(channel.Row.Relid), channel.Row.Name, channel.Row.Device.Driver ?? "none", TopNumber.Id(channel.Row.MonitorId),
                    channel.Row.Latency is { Ticks: > 0 } latency ? Units.Duration(latency) : TopNumber.Unknown, Flag(channel, hasModule),
                    .. counted is null ? (string[])[Number(channel.Hypercalls)] : [Number(channel.Counted?.ByMonitor), Number(channel.Counted?.ByHypercall)]]));
        }

        TopRow[] others = [.. channels.Where(channel => channel.Row.IsMonitored == false).Select(channel => channel.Row)];
        if (monitored.Length > 0 && others.Length > 0)
        {
            console.WriteLine();
            MonitorTables.WriteOthers(console, "No monitor, each signal is a hypercall", others);
        }

        if (!hasModule)
            console.WriteLine($"To see and set the flag, {SignalModule.Advice}.");
    }

    /// <summary>The flag of a channel in a few words.</summary>
    public static string Flag(LowLatencyChannel channel, bool hasModule) => channel switch
    {
        { Row.Device.Driver: VmBusSysfs.UioDriver } => "by the program",
        { Row.Device.Driver: null } => "no driver",
        { State: { IsLowLatency: false } } => "off",
        { State: { IsKept: true, Requests: 0 } } => "on, kept",
        { State: { IsKept: true } state } => $"on, kept and asked for by {state.Requests}",
        { State: { Requests: > 0 } state } => $"on, asked for by {state.Requests}",
        { State: not null } => "on",
        _ => hasModule ? "no permission" : TopNumber.Unknown,
    };

    /// <summary>What a command did to a channel, in a line.</summary>
    public static string Done(LowLatencyChannel channel, bool enable) =>
        $"{Name(channel.Row)} signals {(channel.State, enable) switch
        {
            (_, true) => "by hypercall from now on",
            ({ IsLowLatency: false }, false) => "by its monitor from now on",
            ({ Requests: > 0 } state, false) => $"by hypercall still: {state.Requests} {(state.Requests == 1 ? "process asks" : "processes ask")} for it",
            _ => "by hypercall still: its flag was set before the module came",
        }}";

    /// <summary>Why nothing was done to the channels of a device, in a line each.</summary>
    public static IEnumerable<string> Left(IEnumerable<TopRow> rows) => rows.Where(row => !LowLatencyRun.HasSwitch(row)).Select(row =>
        $"{Name(row)} {row switch
        {
            { IsMonitored: false } => "has no monitor: each signal is a hypercall",
            { IsMonitored: null } => "does not say whether it has a monitor: this kernel is too old",
            { Device.Driver: null } => "has no driver, so nothing signals it",
            _ => $"is a program's ({VmBusSysfs.UioDriver}), which the flag does not touch: set SignalMode there",
        }}");

    private static string Number(ulong? count) => count?.ToString(CultureInfo.InvariantCulture) ?? TopNumber.Unknown;

    private static string Name(TopRow row) => $"channel {TopNumber.Id(row.Relid)} ({row.Name})";
}

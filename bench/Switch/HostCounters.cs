using System.Globalization;
using System.Text.RegularExpressions;

namespace VmBus.Switch;

/// <summary>The counters of a device, as <c>vmbus host</c> prints them at <c>status</c>.</summary>
/// <param name="Signals">Signals of the guest.</param>
/// <param name="ByMonitor">Those by the monitor page; the others were hypercalls.</param>
/// <param name="Wakeups">How often they woke the device.</param>
/// <param name="Requests">A disk's reads, a network adapter's frames from the guest.</param>
internal sealed partial record HostCounters(long Signals, long ByMonitor, long Wakeups, long Requests)
{
    /// <summary>None.</summary>
    public static HostCounters Zero { get; } = new(0, 0, 0, 0);

    /// <summary>Reads a line.</summary>
    /// <param name="line">A line of the host.</param>
    /// <param name="device">What the device's name begins with: <c>disk=</c>.</param>
    /// <returns>The counters; <see langword="null"/> when the line has none of such a device.</returns>
    public static HostCounters? Parse(string line, string device)
    {
        Match match = Line().Match(line);
        return match.Success && match.Groups["device"].Value == device
            ? new HostCounters(Number("signals"), Number("monitored"), Number("wakeups"), Number("requests"))
            : null;

        long Number(string group) => long.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>What was counted in between.</summary>
    public static HostCounters operator -(HostCounters after, HostCounters before) =>
        new(after.Signals - before.Signals, after.ByMonitor - before.ByMonitor, after.Wakeups - before.Wakeups, after.Requests - before.Requests);

    /// <summary>Two rounds.</summary>
    public static HostCounters operator +(HostCounters one, HostCounters other) =>
        new(one.Signals + other.Signals, one.ByMonitor + other.ByMonitor, one.Wakeups + other.Wakeups, one.Requests + other.Requests);

    [GeneratedRegex(@"^host +[0-9.]+: (?<device>[a-z]+=)[^ ]*: .*; (?<signals>[0-9]+) signals of the guest, (?<monitored>[0-9]+) of them by monitor; (?<wakeups>[0-9]+) wake-ups by them; (.*; )?(?<requests>[0-9]+) (reads|frames) of ")]
    private static partial Regex Line();
}

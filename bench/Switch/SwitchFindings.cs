using System.Globalization;
using VmBus.Tool;

namespace VmBus.Switch;

/// <summary>Whether a run shows what the switch is for.</summary>
internal static class SwitchFindings
{
    /// <summary>With the monitor, this many times fewer wake-ups of the host for each of many requests.</summary>
    public const double WakeupGain = 3;

    /// <summary>A line for each expectation: whether it holds, and the figures.</summary>
    public static IEnumerable<(bool Holds, string Text)> Of(SwitchRun run)
    {
        foreach (string load in (string[])[SwitchLoad.OneRead, SwitchLoad.RoundTrip])
        {
            if (run.Find(load) is { Monitored.MedianUs: { } monitored, LowLatency.MedianUs: { } lowLatency })
            {
                double gain = monitored - lowLatency;
                yield return (gain >= run.WindowUs / 2,
                    $"{SwitchLoad.Of(load).Title}: the median falls from {Time(monitored)} to {Time(lowLatency)} with low latency, by {Amount(gain, run.WindowUs)} windows; wanted: at least half a window");
            }
        }

        foreach (string load in (string[])[SwitchLoad.ManyReads, SwitchLoad.Stream])
        {
            if (run.Find(load) is var (monitored, lowLatency))
            {
                double gain = lowLatency.WakeupsPerRequest / monitored.WakeupsPerRequest;
                yield return (gain >= WakeupGain,
                    string.Create(CultureInfo.InvariantCulture, $"{SwitchLoad.Of(load).Title}: a {SwitchLoad.Of(load).Request} costs {SwitchTable.PerRequest(monitored.WakeupsPerRequest)} wake-ups of the host with the monitor and {SwitchTable.PerRequest(lowLatency.WakeupsPerRequest)} with low latency, {gain:0.0} times as many; wanted: {WakeupGain:0} times"));
            }
        }
    }

    private static string Time(double microseconds) => Units.Duration(microseconds * 1000);

    private static string Amount(double gain, double window) => (gain / window).ToString("0.00", CultureInfo.InvariantCulture);
}

using VmBus.Switch;
using VmBus.Switch.Guest;

namespace VmBus.Tool.Tests.Switch;

/// <summary>A log of bench/Switch, and figures, made by hand.</summary>
internal static class SwitchLines
{
    public const string Disk =
        "host   35.015: disk=/disks/switch: relid 1, open, monitor 0; 3248 signals of the guest, 960 of them by monitor; 3240 wake-ups by them; 21106 reads of 86458368 bytes, 0 writes of 0 bytes, 0 flushes, 0 unmaps, 2 failed";

    public const string Tap =
        "host   35.641: tap=vmtap: relid 2, open, monitor 1; 30 signals of the guest, 29 of them by monitor; 28 wake-ups by them; 00:15:5d:00:00:42, link up; 4 frames of 280 bytes from the guest, 5 of 290 to it, 0 not for it, 0 lost, 0 refused";

    public const string Facts = """@switch facts {"kernel":"6.12.1-cloud","clocksource":"tsc","clockNs":54000,"vps":1}""";

    /// <summary>The lines of one round: its counters before and after, with those of the other device between them.</summary>
    public static IEnumerable<string> Round(string key, string before, string after) =>
        [$"{GuestLine.Before}{key}", "@host status", before, "host   36.000: status: done", $"{GuestLine.After}{key}", "@host status", key.StartsWith("read", StringComparison.Ordinal) ? Tap : Disk, after, "host   37.000: status: done"];

    public static string DiskLine(long signals, long monitored, long wakeups, long reads) =>
        $"host 1.000: disk=/a: relid 1, open, monitor 0; {signals} signals of the guest, {monitored} of them by monitor; {wakeups} wake-ups by them; {reads} reads of 1 bytes, 0 writes";

    public static string TapLine(long signals, long monitored, long wakeups, long frames) =>
        $"host 1.000: tap=t: relid 2, open, monitor 1; {signals} signals of the guest, {monitored} of them by monitor; {wakeups} wake-ups by them; 00:15:5d:00:00:42, link up; {frames} frames of 1 bytes from the guest, 9 of 9 to it";

    public static string Result(string load, string mode, long requests, long measured) =>
        $$"""@switch result {"load":"{{load}}","mode":"{{mode}}","requests":{{requests}},"measured":{{measured}},"seconds":2,"bytes":4000000,"quantilesUs":[1,2.5]}""";

    public static SwitchCell Cell(string load, string mode, double medianUs, HostCounters counted, long requests)
    {
        double[] quantiles = load == SwitchLoad.Stream ? [] : [.. Enumerable.Range(0, 101).Select(percent => medianUs * (0.5 + percent / 100.0))];
        return new SwitchCell(load, mode, 3, quantiles.Length == 0 ? 0 : requests, 2, 4_000_000, quantiles, requests, counted);
    }

    /// <summary>A run in which everything is as it is wanted.</summary>
    public static SwitchFile Figures() => new(SwitchFile.Version, new DateTime(2026, 11, 30, 23, 30, 0, DateTimeKind.Utc), "AMD EPYC", 2, "Nothing else ran.",
    [
        new SwitchRun("5ms", 5000, new GuestFacts("6.12.1-cloud", "tsc", 54000, 1),
        [
            Cell(SwitchLoad.OneRead, GuestLine.Monitored, 8000, new HostCounters(1000, 1000, 990, 1000), 1000),
            Cell(SwitchLoad.OneRead, GuestLine.LowLatency, 2000, new HostCounters(1000, 0, 1000, 1000), 1000),
            Cell(SwitchLoad.ManyReads, GuestLine.Monitored, 9000, new HostCounters(300, 300, 300, 10000), 10000),
            Cell(SwitchLoad.ManyReads, GuestLine.LowLatency, 16000, new HostCounters(1800, 0, 1800, 10000), 10000),
            Cell(SwitchLoad.RoundTrip, GuestLine.Monitored, 14000, new HostCounters(134, 134, 134, 200), 100),
            Cell(SwitchLoad.RoundTrip, GuestLine.LowLatency, 11000, new HostCounters(179, 0, 179, 200), 100),
            Cell(SwitchLoad.Stream, GuestLine.Monitored, 0, new HostCounters(40, 40, 40, 5000), 5000),
            Cell(SwitchLoad.Stream, GuestLine.LowLatency, 0, new HostCounters(100, 0, 100, 5000), 5000),
        ]),
    ]);
}

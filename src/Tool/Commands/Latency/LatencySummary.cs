// What a run says about the trade-off, in sentences with numbers, and plainly where it does not say what it should.

namespace VmBus.Tool;

/// <summary>Draws the findings from a report. Pure: the same report gives the same sentences.</summary>
internal static class LatencySummary
{
    /// <summary>Low latency's median must be this many times lower than monitored's.</summary>
    public const double LatencyGain = 5;

    /// <summary>Monitored must need this many times fewer wakeups a packet than low latency.</summary>
    public const double WakeupGain = 10;

    /// <summary>Data beside urgent messages must keep this many packets a wakeup.</summary>
    public const double DataBatch = 10;

    /// <summary>Adaptive must be within this share of the better mode.</summary>
    public const double AdaptiveTolerance = 0.20;

    /// <summary>
    /// The median beside data must be within this factor of low latency's own: under the same load, or under paced load
    /// where that is more, since beside data a low-latency host is hardly ever asleep.
    /// </summary>
    public const double UrgentFactor = 2;

    // What is left of a gain, or of a share, on a noisy machine where the switch works.
    private const double NoisyGain = 2;
    private const double NoisyFactor = 4;
    private const double QuickShare = 15;

    /// <summary>Fewer messages than this say nothing about a median.</summary>
    public const long FewestMessages = 20;

    // A histogram keeps three digits; a limit must not be missed by rounding.
    private const double Resolution = 0.01;

    // A message that meets the scan at a random moment waits half a window; a third to three quarters is "near".
    private const double HalfWindowLow = 0.33;
    private const double HalfWindowHigh = 0.75;

    /// <summary>The findings of a run, in the order a reader wants them. Empty when no two cells can be compared.</summary>
    public static IReadOnlyList<LatencyFinding> Findings(LatencyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        List<LatencyFinding> findings = [];
        Window(report, findings);
        LowLatencyGain(report, LoadKind.PingPong, findings);
        LowLatencyGain(report, LoadKind.Paced, findings);
        MonitoredGain(report, findings);
        Urgent(report, findings);
        UrgentBatch(report, findings);
        AdaptiveLatency(report, findings);
        AdaptiveWakeups(report, findings);
        return findings;
    }

    // A program that takes a core away delays what waits for it, and lets packets pile up; it makes nothing quicker, and the messages
    // between two such delays are as quick as ever. So on a noisy machine the quickest messages still tell whether the switch works: of
    // those that wait for a scan a tenth take less than a tenth of a window, and fewer than QuickShare do. Wakeups still tell in which
    // direction.
    private static LatencyFinding Judged(LatencyReport report, string expectation, bool holds, bool couldBeNoise, string text) =>
        !holds && couldBeNoise && report.IsNoisy ? new(expectation, null, text, IsNoise: true) : new(expectation, holds, text);

    private static double Quick(LatencyHistogram latencies) => latencies.Percentile(QuickShare);

    private static void Window(LatencyReport report, List<LatencyFinding> findings)
    {
        if (report.Find(SignalMode.Monitored, LoadKind.Paced) is not { } cell)
            return;
        double window = report.Options.Window.TotalNanoseconds;
        const string HalfWindow = "monitored p50 is near half the window (paced)";
        const string WholeWindow = "monitored p99 is within the window plus the machine's own lateness (paced)";
        if (TooFew(HalfWindow, findings, (cell, cell.Latencies)))
            return;

        double p50 = cell.Latencies.Percentile(50);
        double share = p50 / window;
        bool near = share is >= HalfWindowLow and <= HalfWindowHigh;
        findings.Add(Judged(report, HalfWindow, near, share > HalfWindowHigh && Quick(cell.Latencies) <= window,
            $"A paced message waits {Units.Duration(p50)} for the scan at the median, {Units.Ratio(share)} of the {Units.Duration(window)} window"
            + (near ? "." : "; about half of it was expected.")));

        // A late sleep delays the scan, and then a sleeping host has still to wake.
        double lateness = report.Noise is { } noise
            ? Math.Max(0, noise.SleepP99 - noise.SleepAsked) + (noise.WakeAcrossCores ?? noise.WakeOnOneCore ?? 0)
            : 0;
        double limit = (window + lateness + Modelled(report)) * (1 + Resolution);
        string plus = report.Noise is not null ? "plus this machine's own lateness" : "plus what is modelled";
        double p99 = cell.Latencies.Percentile(99);
        bool within = p99 <= limit;
        findings.Add(Judged(report, WholeWindow, within, Quick(cell.Latencies) <= window,
            within
                ? $"99 % of paced messages wait at most {Units.Duration(p99)}, within the window {plus} ({Units.Duration(limit)})."
                : $"The slowest 1 % of paced messages wait more than {Units.Duration(p99)}, longer than the window {plus} ({Units.Duration(limit)})."));
    }

    private static void LowLatencyGain(LatencyReport report, LoadKind load, List<LatencyFinding> findings)
    {
        if (report.Find(SignalMode.Monitored, load) is not { } monitored || report.Find(SignalMode.LowLatency, load) is not { } low)
            return;
        string expectation = $"low-latency p50 is at least {LatencyGain:0} times lower than monitored ({load.Name()})";
        if (TooFew(expectation, findings, (monitored, monitored.Latencies), (low, low.Latencies)))
            return;
        double slow = monitored.Latencies.Percentile(50);
        double fast = low.Latencies.Percentile(50);
        double gain = slow / fast;
        bool holds = gain >= LatencyGain;
        string what = $"p50 {Units.Duration(fast)} against {Units.Duration(slow)}";
        double undisturbed = report.Options.Window.TotalNanoseconds * (load == LoadKind.PingPong ? 1 : 0.5);
        findings.Add(Judged(report, expectation, holds, Quick(low.Latencies) * LatencyGain <= undisturbed, (holds, gain >= 1) switch
        {
            (true, _) => $"Under {load.Name()} load low latency is {Units.Ratio(gain)} times quicker than monitored: {what}.",
            (false, true) => $"Under {load.Name()} load low latency is only {Units.Ratio(gain)} times quicker than monitored, not {LatencyGain:0}: {what}.",
            (false, false) => $"Under {load.Name()} load low latency is not quicker than monitored at all: {what}.",
        }));
    }

    private static void MonitoredGain(LatencyReport report, List<LatencyFinding> findings)
    {
        const LoadKind Load = LoadKind.Saturating;
        if (report.Find(SignalMode.Monitored, Load) is not { } monitored || report.Find(SignalMode.LowLatency, Load) is not { } low)
            return;
        string expectation = $"monitored needs at least {WakeupGain:0} times fewer host wakeups a packet than low-latency (saturating)";
        if (monitored.PacketsPerWakeup is not { } batched || low.PacketsPerWakeup is not { } single)
        {
            findings.Add(new(expectation, null, "Under saturating load the host was never woken in one of the modes: it never slept, so wakeups say nothing."));
            return;
        }

        double gain = batched / single;
        bool holds = gain >= WakeupGain;
        string what = $"{Units.Ratio(batched)} packets a wakeup against {Units.Ratio(single)}";
        findings.Add(Judged(report, expectation, holds, gain >= NoisyGain, (holds, gain >= 1) switch
        {
            (true, _) => $"Under saturating load monitored needs {Units.Ratio(gain)} times fewer host wakeups a packet: {what}.",
            (false, true) => $"Under saturating load monitored needs only {Units.Ratio(gain)} times fewer host wakeups a packet, not {WakeupGain:0}: {what}.",
            (false, false) => $"Under saturating load monitored needs no fewer host wakeups a packet than low latency: {what}.",
        }));
    }

    private static void Urgent(LatencyReport report, List<LatencyFinding> findings)
    {
        if (report.Find(SignalMode.Monitored, LoadKind.Mixed) is not { UrgentLatencies: { } urgent } cell
            || report.Find(SignalMode.LowLatency, LoadKind.Mixed) is not { UrgentLatencies: { } own } low)
        {
            return;
        }

        string expectation = $"urgent messages on a monitored channel are within {UrgentFactor:0} times low-latency's p50 (mixed)";
        if (TooFew(expectation, findings, (cell, urgent), (low, own)))
            return;
        double p50 = urgent.Percentile(50);
        double ownP50 = own.Percentile(50);
        if (report.Find(SignalMode.LowLatency, LoadKind.Paced) is { Latencies.Count: >= (long)FewestMessages } paced)
            ownP50 = Math.Max(ownP50, paced.Latencies.Percentile(50));
        // Under the fake clock little else takes time than reading what stands in the ring before it: at the median, half a batch of data.
        double before = report.Options.Simulate ? SimulatedCosts.Read * (cell.DataPacketsPerWakeup ?? 0) / 2 : 0;
        bool holds = p50 <= ownP50 * UrgentFactor + before;
        string beside = cell.Latencies.Count > 0 ? $" while the data around them takes {Units.Duration(cell.Latencies.Percentile(50))}" : "";
        findings.Add(Judged(report, expectation, holds, Quick(urgent) <= ownP50 * UrgentFactor,
            $"Urgent messages on a monitored channel take {Units.Duration(p50)} at the median{beside}; on a low-latency channel {Units.Duration(ownP50)}"
            + (before > 0 ? $", where {Units.Duration(before)} of data to read come before them" : "")
            + (holds ? "." : $". That is {Units.Ratio(p50 / ownP50)} times as long, more than {UrgentFactor:0}.")));
    }

    private static void UrgentBatch(LatencyReport report, List<LatencyFinding> findings)
    {
        if (report.Find(SignalMode.Monitored, LoadKind.Mixed) is not { DataPackets: not null } cell)
            return;
        string expectation = $"data beside urgent messages keeps at least {DataBatch:0} packets a wakeup (mixed)";
        if (cell.DataPacketsPerWakeup is not { } batch)
        {
            findings.Add(new(expectation, null, "Under mixed load the host was never woken: it never slept, so wakeups say nothing."));
            return;
        }

        bool holds = batch >= DataBatch;
        findings.Add(Judged(report, expectation, holds, batch >= DataBatch / NoisyGain, holds
            ? $"Data beside urgent messages keeps {Units.Ratio(batch)} packets a wakeup."
            : $"Data beside urgent messages gets only {Units.Ratio(batch)} packets a wakeup, not {DataBatch:0}."));
    }

    private static void AdaptiveLatency(LatencyReport report, List<LatencyFinding> findings)
    {
        const LoadKind Load = LoadKind.PingPong;
        if (report.Find(SignalMode.Adaptive, Load) is not { } adaptive || report.Find(SignalMode.LowLatency, Load) is not { } low)
            return;
        string expectation = $"adaptive p50 is within {Units.Percent(AdaptiveTolerance)} of low-latency (ping-pong)";
        if (TooFew(expectation, findings, (adaptive, adaptive.Latencies), (low, low.Latencies)))
            return;
        double p50 = adaptive.Latencies.Percentile(50);
        double best = low.Latencies.Percentile(50);
        // What is far below was not measured under the same load, and proves nothing.
        bool holds = p50 <= best * (1 + AdaptiveTolerance) && p50 >= best * (1 - AdaptiveTolerance);
        findings.Add(Judged(report, expectation, holds, IsWithin(Quick(adaptive.Latencies) / Quick(low.Latencies), NoisyGain),
            $"Adaptive, not told which load it meets, takes {Units.Duration(p50)} at the median under ping-pong, {Compared(p50 / best)} low latency's {Units.Duration(best)}"
            + (holds ? "." : $"; within {Units.Percent(AdaptiveTolerance)} was expected.")));
    }

    private static void AdaptiveWakeups(LatencyReport report, List<LatencyFinding> findings)
    {
        const LoadKind Load = LoadKind.Saturating;
        if (report.Find(SignalMode.Adaptive, Load) is not { } adaptive || report.Find(SignalMode.Monitored, Load) is not { } monitored)
            return;
        string expectation = $"adaptive's host wakeups a packet are within {Units.Percent(AdaptiveTolerance)} of monitored (saturating)";
        if (adaptive.PacketsPerWakeup is not { } own || monitored.PacketsPerWakeup is not { } best)
        {
            findings.Add(new(expectation, null, "Under saturating load the host was never woken in adaptive or monitored mode, so wakeups say nothing."));
            return;
        }

        // Wakeups a packet, so the inverse of what is printed.
        bool holds = 1 / own <= (1 + AdaptiveTolerance) / best && 1 / own >= (1 - AdaptiveTolerance) / best;
        findings.Add(Judged(report, expectation, holds, IsWithin(own / best, NoisyFactor),
            $"Under saturating load adaptive's wakeups a packet are {Compared(best / own)} monitored's: {Units.Ratio(own)} packets a wakeup against {Units.Ratio(best)}"
            + (holds ? "." : $"; within {Units.Percent(AdaptiveTolerance)} was expected.")));
    }

    private static bool IsWithin(double ratio, double factor) => ratio <= factor && ratio >= 1 / factor;

    private static double Modelled(LatencyReport report) =>
        report.Options.HypercallCost.TotalNanoseconds + report.Options.WakeCost.TotalNanoseconds;

    private static string Compared(double ratio) => ratio switch
    {
        >= 1.995 => $"{Units.Ratio(ratio)} times",
        >= 1.005 => $"{Units.Percent(ratio - 1)} above",
        > 0.995 => "the same as",
        _ => $"{Units.Percent(1 - ratio)} below",
    };

    private static bool TooFew(string expectation, List<LatencyFinding> findings, params ReadOnlySpan<(LatencyCell Cell, LatencyHistogram Latencies)> needed)
    {
        foreach ((LatencyCell cell, LatencyHistogram latencies) in needed)
        {
            if (latencies.Count < FewestMessages)
            {
                findings.Add(new(expectation, null,
                    $"Too few messages to compare medians: {latencies.Count} under {cell.Load.Name()} load in {cell.Mode.Name()} mode. Try more --seconds."));
                return true;
            }
        }

        return false;
    }
}

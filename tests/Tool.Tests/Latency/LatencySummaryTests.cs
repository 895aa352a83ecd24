using VmBus.Tool.Tests.Fakes;
using static VmBus.Tool.Tests.Fakes.FakeReport;

namespace VmBus.Tool.Tests.Latency;

public class LatencySummaryTests
{
    [Fact]
    public void A_run_in_which_the_switch_works_meets_every_expectation()
    {
        IReadOnlyList<LatencyFinding> findings = LatencySummary.Findings(FakeReport.Of(works: true));
        Assert.Equal(9, findings.Count);
        Assert.All(findings, finding => Assert.True(finding.Holds, finding.Text));
    }

    [Fact]
    public void A_run_in_which_the_switch_does_nothing_says_so()
    {
        IReadOnlyList<LatencyFinding> findings = LatencySummary.Findings(FakeReport.Of(works: false));
        Assert.Equal(9, findings.Count);
        Assert.All(
            findings.Where(finding => finding.Expectation.Contains("adaptive", StringComparison.Ordinal) && finding.Expectation.Contains("ping-pong", StringComparison.Ordinal)),
            finding => Assert.False(finding.Holds, finding.Text));
        Assert.Contains(findings, finding => finding.Holds == false && finding.Text.Contains("wakeups a packet", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Holds == false && finding.Text.StartsWith("Data beside urgent messages gets only", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(50_000, 1_000, true, "Under ping-pong load low latency is 50.0 times quicker than monitored: p50 1.00 µs against 50.0 µs.")]
    [InlineData(52_000, 10_000, true, "Under ping-pong load low latency is 5.20 times quicker than monitored: p50 10.0 µs against 52.0 µs.")]
    [InlineData(40_000, 10_000, false, "Under ping-pong load low latency is only 4.00 times quicker than monitored, not 5: p50 10.0 µs against 40.0 µs.")]
    [InlineData(10_000, 20_000, false, "Under ping-pong load low latency is not quicker than monitored at all: p50 20.0 µs against 10.0 µs.")]
    public void The_gain_in_latency_is_a_number_and_a_verdict(long monitored, long low, bool holds, string text) => Check(
        Of(Cell(SignalMode.Monitored, LoadKind.PingPong, monitored), Cell(SignalMode.LowLatency, LoadKind.PingPong, low)),
        "low-latency p50 is at least 5 times lower than monitored (ping-pong)", holds, text);

    [Theory]
    [InlineData(10, 1000, true, "Under saturating load monitored needs 100 times fewer host wakeups a packet: 100 packets a wakeup against 1.00.")]
    [InlineData(500, 1000, false, "Under saturating load monitored needs only 2.00 times fewer host wakeups a packet, not 10: 2.00 packets a wakeup against 1.00.")]
    [InlineData(1000, 500, false, "Under saturating load monitored needs no fewer host wakeups a packet than low latency: 1.00 packets a wakeup against 2.00.")]
    public void The_gain_in_wakeups_is_a_number_and_a_verdict(long monitored, long low, bool holds, string text) => Check(
        Of(Cell(SignalMode.Monitored, LoadKind.Saturating, 1, wakeups: monitored), Cell(SignalMode.LowLatency, LoadKind.Saturating, 1, wakeups: low)),
        "monitored needs at least 10 times fewer host wakeups a packet than low-latency (saturating)", holds, text);

    // Far below is as far off as far above.
    [Theory]
    [InlineData(1_000, true)]
    [InlineData(810, true)]
    [InlineData(1_190, true)]
    [InlineData(790, false)]
    [InlineData(1_250, false)]
    [InlineData(100, false)]
    public void Adaptive_is_near_low_latency_or_is_not(long adaptive, bool holds) => Assert.Equal(
        holds,
        Find(Of(Cell(SignalMode.LowLatency, LoadKind.PingPong, 1_000), Cell(SignalMode.Adaptive, LoadKind.PingPong, adaptive)), "adaptive p50 is within 20 % of low-latency (ping-pong)").Holds);

    [Theory]
    [InlineData(100, true)]
    [InlineData(130, false)]
    [InlineData(10, false)]
    public void Adaptives_wakeups_are_near_monitoreds_or_are_not(long wakeups, bool holds) => Assert.Equal(
        holds,
        Find(
            Of(Cell(SignalMode.Monitored, LoadKind.Saturating, 1, wakeups: 100), Cell(SignalMode.Adaptive, LoadKind.Saturating, 1, wakeups: wakeups)),
            "adaptive's host wakeups a packet are within 20 % of monitored (saturating)").Holds);

    [Theory]
    [InlineData(2.5, true)]
    [InlineData(2.0, false)]
    [InlineData(null, false)]
    public void A_machine_with_more_load_than_cores_is_said_to_be_busy(double? load, bool isBusy)
    {
        LatencyReport report = FakeReport.Of(works: true);
        report = new() { Options = report.Options, Machine = report.Machine, LoadAverage = load, Noise = report.Noise, Cells = report.Cells };
        Assert.Equal(isBusy, Terminal.Plain(console => LatencyTables.Write(console, report), 120, true).Contains("the load of this machine was 2.5 before the run", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(FakeEngines.Good, true, ExitCode.Success)]
    [InlineData(FakeEngines.Bad, false, ExitCode.Success)]
    [InlineData(FakeEngines.Bad, true, ExitCode.Failed)]
    public async Task Strict_fails_when_an_expectation_does_not_hold(string engines, bool isStrict, int exitCode)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(exitCode, await terminal.Run(engines, ["latency", .. isStrict ? (string[])["--strict"] : []]));
    }

    [Fact]
    public void A_host_that_never_slept_proves_nothing() => Check(
        Of(Cell(SignalMode.Monitored, LoadKind.Saturating, 1, wakeups: 0), Cell(SignalMode.LowLatency, LoadKind.Saturating, 1)),
        "monitored needs at least 10 times fewer host wakeups a packet than low-latency (saturating)", null,
        "Under saturating load the host was never woken in one of the modes: it never slept, so wakeups say nothing.");

    [Theory]
    [InlineData(49_000, true)]
    [InlineData(20_000, false)]
    [InlineData(90_000, false)]
    public void The_monitored_median_is_held_against_half_the_window(long p50, bool near) => Assert.Equal(
        near,
        Find(Of(Cell(SignalMode.Monitored, LoadKind.Paced, p50)), "monitored p50 is near half the window (paced)").Holds);

    [Theory]
    // The limit is 508.1 µs and one percent: the window, the invented machine's late sleep (400 µs at p99) and its wake (8.1 µs).
    [InlineData(512_000, true)]
    [InlineData(515_000, false)]
    public void The_monitored_tail_may_be_as_late_as_the_machine_is(long p99, bool within) => Assert.Equal(
        within,
        Find(Of(Cell(SignalMode.Monitored, LoadKind.Paced, p99)), "monitored p99 is within the window plus the machine's own lateness (paced)").Holds);

    [Theory]
    [InlineData(1_900, true)]
    [InlineData(2_100, false)]
    public void Urgent_messages_are_held_against_a_low_latency_channel(long urgent, bool holds) => Assert.Equal(
        holds,
        Find(
            Of(Cell(SignalMode.Monitored, LoadKind.Mixed, 50_000, urgentLatency: urgent), Cell(SignalMode.LowLatency, LoadKind.Mixed, 1_000, urgentLatency: 1_000)),
            "urgent messages on a monitored channel are within 2 times low-latency's p50 (mixed)").Holds);

    // Under the fake clock reading what stands in the ring before it is what takes time: half of 18 packets a wakeup, 50 ns each.
    [Theory]
    [InlineData(540, true)]
    [InlineData(560, false)]
    public void A_simulated_urgent_message_may_wait_for_the_data_that_is_read_first(long urgent, bool holds)
    {
        var report = new LatencyReport
        {
            Options = new() { Simulate = true, Modes = [SignalMode.Monitored, SignalMode.LowLatency], Loads = [LoadKind.Mixed] },
            Cells =
            [
                Cell(SignalMode.Monitored, LoadKind.Mixed, 50_000, messages: 1000, wakeups: 50, urgentLatency: urgent),
                Cell(SignalMode.LowLatency, LoadKind.Mixed, 50, urgentLatency: 50),
            ],
        };
        LatencyFinding finding = Find(report, "urgent messages on a monitored channel are within 2 times low-latency's p50 (mixed)");
        Assert.Equal(holds, finding.Holds);
        Assert.Contains("where 450 ns of data to read come before them", finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(91, false)]
    public void Data_beside_urgent_messages_must_keep_its_batches(long wakeups, bool holds) => Assert.Equal(
        holds,
        Find(
            Of(Cell(SignalMode.Monitored, LoadKind.Mixed, 50_000, messages: 1000, wakeups: wakeups, urgentLatency: 1_000)),
            "data beside urgent messages keeps at least 10 packets a wakeup (mixed)").Holds);

    [Theory]
    [InlineData(1_190, true)]
    [InlineData(1_210, false)]
    public void Adaptive_is_held_against_low_latency_under_ping_pong(long adaptive, bool holds) => Assert.Equal(
        holds,
        Find(
            Of(Cell(SignalMode.LowLatency, LoadKind.PingPong, 1_000), Cell(SignalMode.Adaptive, LoadKind.PingPong, adaptive)),
            "adaptive p50 is within 20 % of low-latency (ping-pong)").Holds);

    [Theory]
    [InlineData(119, true)]
    [InlineData(121, false)]
    public void Adaptive_is_held_against_monitored_under_saturation(long wakeups, bool holds) => Assert.Equal(
        holds,
        Find(
            Of(Cell(SignalMode.Monitored, LoadKind.Saturating, 1, wakeups: 100), Cell(SignalMode.Adaptive, LoadKind.Saturating, 1, wakeups: wakeups)),
            "adaptive's host wakeups a packet are within 20 % of monitored (saturating)").Holds);

    [Fact]
    public void Too_few_messages_are_no_verdict()
    {
        LatencyFinding finding = Find(
            Of(Cell(SignalMode.Monitored, LoadKind.PingPong, 50_000, messages: 19), Cell(SignalMode.LowLatency, LoadKind.PingPong, 1_000)),
            "low-latency p50 is at least 5 times lower than monitored (ping-pong)");
        Assert.Null(finding.Holds);
        Assert.Equal("Too few messages to compare medians: 19 under ping-pong load in monitored mode. Try more --seconds.", finding.Text);
    }

    [Fact]
    public void One_mode_alone_is_compared_with_nothing() =>
        Assert.Empty(LatencySummary.Findings(Of(Cell(SignalMode.LowLatency, LoadKind.PingPong, 1_000))));

    private static LatencyFinding Find(LatencyReport report, string expectation) =>
        Assert.Single(LatencySummary.Findings(report), finding => finding.Expectation == expectation);

    private static void Check(LatencyReport report, string expectation, bool? holds, string text)
    {
        LatencyFinding finding = Find(report, expectation);
        Assert.Equal(text, finding.Text);
        Assert.Equal(holds, finding.Holds);
    }
}

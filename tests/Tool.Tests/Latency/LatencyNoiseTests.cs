using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Latency;

/// <summary>What is said of a run on a machine that others use as well.</summary>
public sealed class LatencyNoiseTests : IDisposable
{
    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("vmbus-proc");

    public void Dispose() => _proc.Delete(recursive: true);

    // Some of the messages undisturbed: 2 µs, and the rest as late as a scan. Then the switch works. If none is quick, it does not.
    [Theory]
    [InlineData(1.0, 30, null, true)]
    [InlineData(1.0, 10, false, false)]
    [InlineData(0.1, 30, false, false)]
    [InlineData(null, 30, false, false)]
    public void A_gain_that_the_noise_hides_is_noise_and_a_switch_that_does_nothing_is_not(double? others, int quick, bool? holds, bool isNoise)
    {
        LatencyFinding finding = Find(
            With(others, Cell(SignalMode.Monitored, LoadKind.Paced, (100, 50_000)), Cell(SignalMode.LowLatency, LoadKind.Paced, (quick, 2_000), (100 - quick, 60_000))),
            "low-latency p50 is at least 5 times lower");
        Assert.Equal((holds, isNoise), (finding.Holds, finding.IsNoise));
    }

    [Theory]
    [InlineData(90_000, null)]      // late: noise
    [InlineData(2_000, false)]      // early: nothing that others do makes a message quicker
    public void Noise_makes_nothing_quicker(long p50, bool? holds) => Assert.Equal(
        holds, Find(With(1.0, Cell(SignalMode.Monitored, LoadKind.Paced, (20, Math.Min(p50, 40_000)), (80, p50))), "monitored p50 is near half the window").Holds);

    [Theory]
    [InlineData(400, null)]         // 2.5 times fewer wakeups
    [InlineData(1000, false)]       // none fewer
    public void Wakeups_tell_the_direction_through_noise(long monitored, bool? holds) => Assert.Equal(
        holds,
        Find(
            With(1.0, FakeReport.Cell(SignalMode.Monitored, LoadKind.Saturating, 1, wakeups: monitored), FakeReport.Cell(SignalMode.LowLatency, LoadKind.Saturating, 1, wakeups: 1000)),
            "monitored needs at least 10 times fewer").Holds);

    [Fact]
    public async Task Noise_is_told_and_is_no_success_of_a_strict_run()
    {
        LatencyReport report = With(1.0, Cell(SignalMode.Monitored, LoadKind.PingPong, (100, 100_000)), Cell(SignalMode.LowLatency, LoadKind.PingPong, (30, 2_000), (70, 90_000)));
        string text = Terminal.Plain(console => LatencyTables.Write(console, report), 120, true);
        Assert.Contains("\n  noise  Under ping-pong load", text, StringComparison.Ordinal);
        Assert.Contains("other programs had 1.0 cores of this machine during the run", text, StringComparison.Ordinal);
        Assert.Contains("0 of 1 expectations hold in this run, 1 cannot be told from the noise of this machine", text, StringComparison.Ordinal);
        Assert.True(Assert.Single(LatencyDocument.From(report, "0").Findings).Noise);

        // Not here: a quiet machine of many cores, whose sleeps are late by less than ten windows.
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Bad, "latency", "--simulate", "--strict"));
        Assert.DoesNotContain("noise  ", terminal.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 0.5, true)]
    [InlineData(2, 0.1, false)]
    [InlineData(8, 4.0, false)]
    [InlineData(8, 6.0, true)]
    public void A_machine_is_noisy_when_the_ends_have_no_core_each(int cores, double others, bool isNoisy)
    {
        LatencyReport report = With(others, cores);
        Assert.Equal(isNoisy, report.IsNoisy);
    }

    [Fact]
    public void Others_time_is_all_time_less_ones_own()
    {
        Write("cpu  1000 20 300 9999 77 1 2 50 40 0\ncpu0 1 2 3", "7 (a (b) c) R 1 7 7 0 -1 4194304 1 2 3 4 100 50 20 3 20 0 1");
        Assert.Equal(12.0, OtherLoad.TryRead(_proc.FullName)!.Value.Seconds, 6);
        Write("nonsense", "7 (a) R");
        Assert.Null(OtherLoad.TryRead(_proc.FullName));
        Write("cpu a b c d e f g h", "7 (a) R 1 7 7 0 -1 4194304 1 2 3 4 100 50 20 3 20 0 1");
        Assert.Null(OtherLoad.TryRead(_proc.FullName));
        Assert.Null(OtherLoad.TryRead("/no/such/proc"));

        long second = System.Diagnostics.Stopwatch.Frequency;
        Assert.Equal(1.5, OtherLoad.Between(new OtherLoad(0, 10), new OtherLoad(2 * second, 13)));
        Assert.Equal(0, OtherLoad.Between(new OtherLoad(0, 10), new OtherLoad(2 * second, 9)));
        Assert.Null(OtherLoad.Between(new OtherLoad(0, 10), new OtherLoad(second / 10, 11)));
        Assert.Null(OtherLoad.Between(null, new OtherLoad(second, 11)));

        void Write(string system, string own)
        {
            Directory.CreateDirectory(Path.Combine(_proc.FullName, "self"));
            File.WriteAllText(Path.Combine(_proc.FullName, "stat"), system + "\n");
            File.WriteAllText(Path.Combine(_proc.FullName, "self/stat"), own + "\n");
        }
    }

    [Fact]
    public void This_machine_tells_what_others_have()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "proc is Linux's.");
        Assert.NotNull(OtherLoad.TryRead());
    }

    private static LatencyFinding Find(LatencyReport report, string expectation) =>
        Assert.Single(LatencySummary.Findings(report), finding => finding.Expectation.StartsWith(expectation, StringComparison.Ordinal));

    private static LatencyReport With(double? others, params LatencyCell[] cells) => With(others, FakeReport.Machine.Cores, cells);

    private static LatencyReport With(double? others, int cores, params LatencyCell[] cells)
    {
        LatencyReport report = FakeReport.Of(cells);
        return new() { Options = report.Options, Machine = FakeReport.Machine with { Cores = cores }, OtherCores = others, Noise = report.Noise, Cells = cells };
    }

    private static LatencyCell Cell(SignalMode mode, LoadKind load, params (int Messages, long Latency)[] parts)
    {
        LatencyCell cell = FakeReport.Cell(mode, load, 1, messages: 0);
        foreach ((int messages, long latency) in parts)
            cell.Latencies.Record(latency, messages);
        return cell;
    }
}

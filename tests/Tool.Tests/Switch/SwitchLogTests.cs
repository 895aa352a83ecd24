using VmBus.Switch;
using VmBus.Switch.Guest;
using static VmBus.Tool.Tests.Switch.SwitchLines;

namespace VmBus.Tool.Tests.Switch;

public class SwitchLogTests
{
    [Fact]
    public void Rounds_of_a_load_are_added_and_its_modes_kept_apart()
    {
        SwitchRun run = Assert.Single(Read(
        [
            Facts,
            .. Round("read-1 monitored", DiskLine(85, 85, 80, 1), DiskLine(105, 105, 99, 21)),
            .. Round("read-1 low-latency", DiskLine(105, 105, 99, 21), DiskLine(145, 105, 139, 61)),
            .. Round("read-1 monitored", DiskLine(145, 105, 139, 61), DiskLine(155, 115, 148, 71)),
            Result("read-1", "monitored", 29, 25),
            Result("read-1", "low-latency", 40, 35),
        ]));
        Assert.Equal(("5ms", 5000.0, new GuestFacts("6.12.1-cloud", "tsc", 54000, 1)), (run.Window, run.WindowUs, run.Guest));
        (SwitchCell monitored, SwitchCell lowLatency) = run.Find("read-1")!.Value;
        Assert.Equal((2, new HostCounters(30, 30, 28, 30), 30), (monitored.Rounds, monitored.Counted, monitored.CountedRequests));
        Assert.Equal((1, new HostCounters(40, 0, 40, 40), 40), (lowLatency.Rounds, lowLatency.Counted, lowLatency.CountedRequests));
        Assert.Equal((25, 2.0, 4_000_000, 12.5), (monitored.Measured, monitored.Seconds, monitored.Bytes, monitored.RequestsPerSecond));
        Assert.Equal([1, 2.5], monitored.QuantilesUs);
    }

    [Fact]
    public void A_round_trip_is_what_the_guest_counts_and_a_stream_s_request_a_frame()
    {
        SwitchRun run = Assert.Single(Read(
        [
            Facts,
            .. Round("tcp-round-trip monitored", TapLine(0, 0, 0, 0), TapLine(20, 20, 20, 12)),
            .. Round("tcp-stream monitored", TapLine(20, 20, 20, 12), TapLine(24, 24, 24, 212)),
            Result("tcp-round-trip", "monitored", 10, 8),
            Result("tcp-stream", "monitored", 0, 0),
        ]));
        Assert.Equal([10, 200], run.Cells.Select(cell => cell.CountedRequests));
        Assert.Equal([2.0, 0.02], run.Cells.Select(cell => cell.WakeupsPerRequest));
        Assert.Equal([4.0, 100.0], run.Cells.Select(cell => cell.RequestsPerSecond));
        Assert.Null(run.Find("tcp-stream"));
    }

    [Fact]
    public void Guests_are_told_apart()
    {
        string[] one = [.. Lines("5ms"), .. Lines("100us")];
        IReadOnlyList<SwitchRun> runs = SwitchLog.Read(["L1 2.0: started", .. one, "@result passed"]);
        Assert.Equal([("5ms", 5000.0), ("100us", 100.0)], runs.Select(run => (run.Window, run.WindowUs)));

        static IEnumerable<string> Lines(string window) => Guest(window,
            [Facts, .. Round("read-1 monitored", DiskLine(1, 1, 1, 1), DiskLine(2, 2, 2, 2)), Result("read-1", "monitored", 1, 1)]);
    }

    [Theory]
    [InlineData("the host's counters of read-1 monitored", Facts, "@switch before read-1 monitored", "@switch after read-1 monitored")]
    [InlineData("the host's counters before read-1 monitored", Facts, "@switch after read-1 monitored")]
    [InlineData("the host's counters of read-1 monitored", Facts, """@switch result {"load":"read-1","mode":"monitored","requests":1,"measured":1,"seconds":1,"bytes":1,"quantilesUs":[]}""")]
    [InlineData("any result", Facts)]
    [InlineData("is not understood", "@switch facts {")]
    [InlineData("is no load and mode", "@switch before read-1")]
    [InlineData("'read-9' is no load", "@switch before read-9 monitored", SwitchLines.Disk)]
    public void What_is_missing_is_named(string what, params string[] lines) =>
        Assert.Contains(what, Assert.Throws<FormatException>(() => Read(lines)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_log_without_a_guest_is_refused() =>
        Assert.Throws<FormatException>(() => SwitchLog.Read(["L1 2.0: started", "@result failed"]));

    [Fact]
    public void The_guest_s_percentiles_are_times_that_were_measured()
    {
        var times = new Times { Requests = 5, Seconds = 1.23456 };
        foreach (int microseconds in (int[])[40, 10, 30, 20])
            times.Add(TimeSpan.FromMicroseconds(microseconds), 4096);
        LoadResult result = times.Result("read-1", "monitored");
        Assert.Equal((5, 4, 1.235, 4 * 4096), (result.Requests, result.Measured, result.Seconds, result.Bytes));
        Assert.Equal(101, result.QuantilesUs.Count);
        Assert.Equal([10, 10, 20, 20, 30, 40, 40], ((int[])[0, 25, 26, 50, 51, 76, 100]).Select(percent => result.QuantilesUs[percent]));
        Assert.Empty(new Times().Result("tcp-stream", "monitored").QuantilesUs);
    }

    private static IReadOnlyList<SwitchRun> Read(IEnumerable<string> lines) => SwitchLog.Read(Guest("5ms", lines));

    private static IEnumerable<string> Guest(string window, IEnumerable<string> lines) => lines.Select(line => $"[{window}] {line}");
}

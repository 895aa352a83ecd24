using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Latency;

public class LatencyTablesTests
{
    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(140)]
    public void A_report_fits_its_width(int width) =>
        Golden.Check($"latency-{width}.txt", Render(FakeReport.Of(works: true), width));

    [Fact]
    public void A_run_that_shows_too_little_says_NO() =>
        Golden.Check("latency-bad-80.txt", Render(FakeReport.Of(works: false, new() { Loads = [LoadKind.PingPong, LoadKind.Mixed] }), 80));

    [Fact]
    public void A_simulation_names_no_machine() => Golden.Check(
        "latency-simulated-80.txt",
        Render(FakeReport.Of(works: true, new() { Simulate = true, Loads = [LoadKind.Paced], HypercallCost = TimeSpan.FromMicroseconds(2.5) }), 80));

    [Fact]
    public void No_line_is_wider_than_the_terminal()
    {
        LatencyReport report = FakeReport.Of(works: true);
        for (int width = 40; width <= 200; width++)
        {
            foreach (string line in Render(report, width).Split('\n'))
                Assert.True(line.Length <= width, $"At {width} columns this line has {line.Length}: {line}");
        }
    }

    [Fact]
    public void Every_width_shows_every_column()
    {
        LatencyReport report = FakeReport.Of(works: true, new() { Loads = [LoadKind.Saturating] });
        for (int width = 40; width <= 200; width += 10)
        {
            string text = Render(report, width);
            Assert.All(
                ["p50", "p90", "p99", "p99.9", "max", "packets/s", "bytes/s", "monitored", "hypercall", "none", "wakeups", "pkts/wake", "CPU %"],
                column => Assert.Contains($"  {column}", text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Without_Unicode_lines_are_drawn_in_ASCII()
    {
        string text = Terminal.Plain(console => LatencyTables.Write(console, FakeReport.Of(works: true)), 80, unicode: false);
        Assert.DoesNotContain('─', text);
        Assert.Contains("  -----------  -------", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cell_without_messages_shows_dashes()
    {
        string text = Render(FakeReport.Of(FakeReport.Cell(SignalMode.Monitored, LoadKind.Paced, 0, messages: 0, wakeups: 0)), 80);
        Assert.Contains("  monitored    -", System.Text.RegularExpressions.Regex.Replace(text, " +-", "    -"), StringComparison.Ordinal);
    }

    private static string Render(LatencyReport report, int width) =>
        Terminal.Plain(console => LatencyTables.Write(console, report), width, unicode: true);
}

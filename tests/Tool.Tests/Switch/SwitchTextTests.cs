using System.Buffers.Binary;
using VmBus.Switch;

namespace VmBus.Tool.Tests.Switch;

public sealed class SwitchTextTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void The_table_is_Markdown_with_what_the_run_shows()
    {
        const string Expected = """
            Taken 2026-11-30 23:30 UTC on AMD EPYC, 2 cores, which emulates the machine. Nothing else ran. The guest: Linux 6.12.1-cloud, 1 VP; it reads its clock in 54.0 µs.

            Window 5.00 ms:

            | load | signals | p50 | p99 | requests/s | MB/s | by monitor, a request | by hypercall, a request | host wake-ups, a request |
            |---|---|---|---|---|---|---|---|---|
            | 4 KiB reads, depth 1 | monitor | 8.00 ms | 11.9 ms | 500 | 2.00 | 1.00 | 0 | 0.990 |
            | 4 KiB reads, depth 1 | low latency | 2.00 ms | 2.98 ms | 500 | 2.00 | 0 | 1.00 | 1.00 |
            | 4 KiB reads, depth 32 | monitor | 9.00 ms | 13.4 ms | 5000 | 2.00 | 0.030 | 0 | 0.030 |
            | 4 KiB reads, depth 32 | low latency | 16.0 ms | 23.8 ms | 5000 | 2.00 | 0 | 0.180 | 0.180 |
            | TCP round trips of 64 bytes | monitor | 14.0 ms | 20.9 ms | 50 | 2.00 | 1.34 | 0 | 1.34 |
            | TCP round trips of 64 bytes | low latency | 11.0 ms | 16.4 ms | 50 | 2.00 | 0 | 1.79 | 1.79 |
            | TCP stream to the host | monitor | – | – | 2500 | 2.00 | 0.0080 | 0 | 0.0080 |
            | TCP stream to the host | low latency | – | – | 2500 | 2.00 | 0 | 0.020 | 0.020 |

            - yes: 4 KiB reads, depth 1: the median falls from 8.00 ms to 2.00 ms with low latency, by 1.20 windows; wanted: at least half a window.
            - yes: TCP round trips of 64 bytes: the median falls from 14.0 ms to 11.0 ms with low latency, by 0.60 windows; wanted: at least half a window.
            - yes: 4 KiB reads, depth 32: a read costs 0.030 wake-ups of the host with the monitor and 0.180 with low latency, 6.0 times as many; wanted: 3 times.
            - **no**: TCP stream to the host: a frame costs 0.0080 wake-ups of the host with the monitor and 0.020 with low latency, 2.5 times as many; wanted: 3 times.

            """;
        Assert.Equal(Expected, SwitchTable.Of(SwitchLines.Figures()));
    }

    [Theory]
    [InlineData(4501, false)]
    [InlineData(4500, true)]
    public void A_gain_is_half_a_window_or_more(double lowLatencyUs, bool holds)
    {
        SwitchRun run = SwitchLines.Figures().Runs[0];
        SwitchCell[] cells = [run.Cells[0] with { QuantilesUs = [.. Enumerable.Repeat(7000.0, 101)] }, run.Cells[1] with { QuantilesUs = [.. Enumerable.Repeat(lowLatencyUs, 101)] }];
        Assert.Equal(holds, Assert.Single(SwitchFindings.Of(run with { Cells = cells })).Holds);
    }

    [Theory]
    [InlineData(899, false)]
    [InlineData(900, true)]
    public void Wakeups_are_three_times_fewer(long lowLatency, bool holds)
    {
        SwitchRun run = SwitchLines.Figures().Runs[0];
        SwitchCell[] cells = [run.Cells[2], run.Cells[3] with { Counted = new HostCounters(lowLatency, 0, lowLatency, 10000) }];
        Assert.Equal(holds, Assert.Single(SwitchFindings.Of(run with { Cells = cells })).Holds);
    }

    [Fact]
    public void Figures_come_back_from_their_file_as_they_went()
    {
        SwitchFile file = SwitchLines.Figures();
        file.Write(_path);
        Assert.Equal(SwitchTable.Of(file), SwitchTable.Of(SwitchFile.Read(_path)));
        Assert.Equal(file.Runs[0].Cells[0].QuantilesUs, SwitchFile.Read(_path).Runs[0].Cells[0].QuantilesUs);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"schema":"vmbus-latency/1","taken":"2026-11-30T00:00:00Z","processor":"","cores":1,"note":"","runs":[]}""")]
    public void Another_file_is_refused(string text)
    {
        File.WriteAllText(_path, text);
        Assert.Throws<ToolException>(() => SwitchFile.Read(_path));
    }

    [Fact]
    public void The_picture_is_a_PNG_of_its_size()
    {
        SwitchFile file = SwitchLines.Figures();
        byte[] png = SwitchPlot.Render(file, file.Runs[0]);
        Assert.Equal((byte[])[0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal((SwitchPlot.Width, SwitchPlot.Height), (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))));
    }
}

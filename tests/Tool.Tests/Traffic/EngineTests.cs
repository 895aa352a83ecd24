using System.Security.Cryptography;

namespace VmBus.Tool.Tests.Traffic;

/// <summary>The engines of the product themselves. What depends on a machine's speed is left to the command's own report.</summary>
public sealed class EngineTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vmbus-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_simulation_gives_the_same_cells_twice()
    {
        LatencyOptions options = new() { CellTime = TimeSpan.FromMilliseconds(5), Simulate = true, HypercallCost = TimeSpan.FromMicroseconds(1), WakeCost = TimeSpan.FromMicroseconds(5) };
        Assert.Equal(Simulate(options), Simulate(options));
    }

    [Fact]
    public void A_simulation_shows_the_trade_off_exactly()
    {
        LatencyOptions options = new() { CellTime = TimeSpan.FromMilliseconds(20), Simulate = true, Pace = TimeSpan.FromMicroseconds(150), WakeCost = TimeSpan.FromMicroseconds(5) };
        double window = options.Window.TotalNanoseconds;

        LatencyCell monitored = Cell(SignalMode.Monitored, LoadKind.Paced, options);
        LatencyCell low = Cell(SignalMode.LowLatency, LoadKind.Paced, options);
        Assert.InRange(monitored.Latencies.Percentile(50), 0.3 * window, 0.75 * window);
        Assert.InRange(monitored.Latencies.Max, 0, 1.2 * window);
        Assert.InRange(low.Latencies.Percentile(50), 5_000, 6_000);

        LatencyCell stream = Cell(SignalMode.Monitored, LoadKind.Saturating, options);
        LatencyCell adaptive = Cell(SignalMode.Adaptive, LoadKind.Saturating, options);
        Assert.InRange(adaptive.PacketsPerWakeup!.Value, stream.PacketsPerWakeup!.Value * 0.8, stream.PacketsPerWakeup.Value * 1.2);
        Assert.True(stream.PacketsPerWakeup > 10 * Cell(SignalMode.LowLatency, LoadKind.Saturating, options).PacketsPerWakeup);

        // Also with answers to all of it, and the dialogue stays where it is.
        LatencyCell answered = Cell(SignalMode.Monitored, LoadKind.Acknowledged, options);
        adaptive = Cell(SignalMode.Adaptive, LoadKind.Acknowledged, options);
        Assert.InRange(adaptive.PacketsPerWakeup!.Value, answered.PacketsPerWakeup!.Value * 0.8, answered.PacketsPerWakeup.Value * 1.2);
        Assert.True(answered.PacketsPerWakeup > 10 * Cell(SignalMode.LowLatency, LoadKind.Acknowledged, options with { WakeCost = TimeSpan.Zero }).PacketsPerWakeup);
        LatencyCell dialogue = Cell(SignalMode.Adaptive, LoadKind.PingPong, options);
        Assert.Equal((Cell(SignalMode.LowLatency, LoadKind.PingPong, options).Latencies.Percentile(50), 0), (dialogue.Latencies.Percentile(50), dialogue.ModeChanges));

        LatencyCell mixed = Cell(SignalMode.Monitored, LoadKind.Mixed, options);
        Assert.True(mixed.Signals.Promoted > 0);
        Assert.True(mixed.UrgentLatencies!.Percentile(50) * 4 < mixed.Latencies.Percentile(50));
    }

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    [InlineData(SignalMode.Adaptive)]
    public void A_file_arrives_whole_whatever_its_length(SignalMode mode)
    {
        foreach (int length in (ReadOnlySpan<int>)[0, 1, 7, 16 * 1024, 16 * 1024 + 1, 3_000_001])
        {
            byte[] content = RandomNumberGenerator.GetBytes(length);
            CopyOptions options = new() { Input = PathOf("in"), Output = PathOf("out"), RingSize = 64 * 1024 };
            File.WriteAllBytes(options.Input, content);
            CopyResult result = new CopyEngine(new OneProcess()).Run(mode, options, new Progress<long>(), TestContext.Current.CancellationToken);
            Assert.True(result.Equal);
            Assert.Equal(length, result.Bytes);
            Assert.Equal(SHA256.HashData(content), result.ReceivedSha256);
            Assert.Equal(content, File.ReadAllBytes(options.Output));
        }
    }

    [Fact]
    public void A_cell_on_real_threads_counts_every_message_once()
    {
        foreach (LoadKind load in Spelling.AllLoads)
        {
            // On a busy machine a short time may pass before the ends have met.
            LatencyOptions options = new() { CellTime = TimeSpan.FromMilliseconds(100) };
            LatencyCell cell = Run();
            while (cell.Packets == 0)
            {
                options = new() { CellTime = 2 * options.CellTime };
                Assert.True(options.CellTime < Patience.Limit, $"{load}");
                cell = Run();
            }

            Assert.Equal(cell.Packets * options.MessageSize, cell.Bytes);
            if (load is not (LoadKind.Saturating or LoadKind.Acknowledged))
                Assert.Equal(cell.Packets, cell.Latencies.Count + (cell.UrgentLatencies?.Count ?? 0));

            LatencyCell Run() => new TrafficEngine(new OneProcess()).Run(SignalMode.Adaptive, load, options, new Progress<LatencyProgress>(), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_failing_end_ends_the_other_and_its_error_is_the_one_that_is_told()
    {
        ToolException error = Assert.Throws<ToolException>(() => new OneProcess().Run<int, HostResult>(
            new ChannelPlan(SignalMode.Monitored, 64 * 1024, TimeSpan.FromMicroseconds(100), TimeSpan.Zero),
            (_, _) => throw new ToolException("the guest has had enough"),
            new ReceiveJob(),
            static () => { },
            TestContext.Current.CancellationToken));
        Assert.Equal("the guest has had enough", error.Message);
    }

    [Fact]
    public void A_timeline_sorts_what_it_is_told_into_slices()
    {
        TimelineRecorder recorder = new(TimeSpan.FromMilliseconds(10));
        recorder.NoteLatency(TimeSpan.FromMilliseconds(1), 300);
        recorder.NoteLatency(TimeSpan.FromMilliseconds(9), 100);
        recorder.NoteLatency(TimeSpan.FromMilliseconds(9.9), 200);
        recorder.NotePackets(TimeSpan.FromMilliseconds(9.9), 30, 2);
        recorder.NoteLatency(TimeSpan.FromMilliseconds(25), 7);
        recorder.NotePackets(TimeSpan.FromMilliseconds(25), 5, 0);

        var points = recorder.Series(SignalMode.Adaptive).Points;
        Assert.Equal([TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(25)], points.Select(point => point.At));
        Assert.Equal([200, 7], points.Select(point => point.LatencyP50));
        Assert.Equal([15.0, null], points.Select(point => point.PacketsPerWakeup));
        Assert.Equal((7, (double?)null), recorder.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(30)));
    }

    private static string Simulate(LatencyOptions options)
        => string.Join('\n', from mode in Spelling.AllModes from load in Spelling.AllLoads select Text(Cell(mode, load, options)));

    private static string Text(LatencyCell cell)
        => $"{cell.Mode} {cell.Load} {cell.Packets} {cell.Signals} {cell.HostWakeups} {cell.Elapsed} {string.Join(' ', cell.Latencies.Values())}";

    private static LatencyCell Cell(SignalMode mode, LoadKind load, LatencyOptions options)
        => new SimulatedEngine().Run(mode, load, options, new Progress<LatencyProgress>(), TestContext.Current.CancellationToken);

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}

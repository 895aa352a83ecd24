namespace VmBus.Tool.Tests.Fakes;

/// <summary>A load that changes half-way, invented.</summary>
internal static class FakeTimeline
{
    private const int Slices = 200;

    public static readonly TimeSpan Changes = TimeSpan.FromMilliseconds(200);

    public static IReadOnlyList<TimelineSeries> Series() =>
        [.. Enum.GetValues<SignalMode>().Select(mode => new TimelineSeries(mode, [.. Enumerable.Range(0, Slices).Select(slice => Point(mode, slice))]))];

    public static byte[] Render() => AdaptiveTimeline.Render(
        Series(), TimeSpan.FromMicroseconds(100), Changes, "ping-pong", "saturating", "64-byte messages, simulated under a fake clock");

    private static TimelinePoint Point(SignalMode mode, int slice)
    {
        Random random = new(slice * 3 + (int)mode);
        bool saturating = slice >= Slices / 2;
        // Adaptive needs a few slices to see the new load.
        bool monitored = mode == SignalMode.Monitored || (mode == SignalMode.Adaptive && slice >= Slices / 2 + 6);
        double noise = 0.9 + 0.2 * random.NextDouble();
        double latency = (monitored, saturating) switch { (true, true) => 57_000, (true, false) => 96_000, (false, true) => 7_100, _ => 1_100 };
        double packets = (monitored, saturating) switch { (true, true) => 270, (false, true) => 4, _ => 1 };
        return new(TimeSpan.FromMilliseconds(2 * slice + 1), latency * noise, saturating ? packets * noise : 1);
    }
}

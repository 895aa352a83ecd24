namespace VmBus.Tool.Tests.Fakes;

/// <summary>A load that changes, invented.</summary>
internal static class FakeTimeline
{
    private const int Slices = 300;

    public static IReadOnlyList<(TimeSpan Begins, string Name)> Loads { get; } =
        [(TimeSpan.Zero, "ping-pong"), (TimeSpan.FromMilliseconds(200), "saturating"), (TimeSpan.FromMilliseconds(400), "acknowledged")];

    public static IReadOnlyList<TimelineSeries> Series() =>
        [.. Enum.GetValues<SignalMode>().Select(mode => new TimelineSeries(mode, [.. Enumerable.Range(0, Slices).Select(slice => Point(mode, slice))]))];

    public static byte[] Render() => AdaptiveTimeline.Render(
        Series(), TimeSpan.FromMicroseconds(100), Loads, "64-byte messages, simulated under a fake clock");

    private static TimelinePoint Point(SignalMode mode, int slice)
    {
        Random random = new(slice * 3 + (int)mode);
        bool saturating = slice >= Slices / 3;
        bool answered = slice >= 2 * Slices / 3;
        // Adaptive needs a few slices to see the new load.
        bool monitored = mode == SignalMode.Monitored || (mode == SignalMode.Adaptive && slice >= Slices / 3 + 6);
        double noise = 0.9 + 0.2 * random.NextDouble();
        double latency = (monitored, saturating) switch { (true, true) => 57_000, (true, false) => 96_000, (false, true) => 7_100, _ => 1_100 };
        double packets = (monitored, saturating) switch { (true, true) => answered ? 64 : 270, (false, true) => 4, _ => 1 };
        return new(TimeSpan.FromMilliseconds(2 * slice + 1), latency * noise, saturating ? packets * noise : 1);
    }
}

using System.Globalization;

namespace VmBus.Tool;

/// <summary>What was asked of <c>vmbus monitor --measure</c>.</summary>
internal sealed record WindowOptions
{
    /// <summary>The most samples: signals that the host has no use for must stay few.</summary>
    public const int MostSamples = 2000;

    /// <summary>The device, as a person names it.</summary>
    public required string Device { get; init; }

    /// <summary>The latency hints to measure; none for the one that is there.</summary>
    public IReadOnlyList<TimeSpan> Hints { get; init; } = [];

    /// <summary>How many pairs of samples a hint, and how many calls.</summary>
    public int Samples { get; init; } = 100;

    /// <summary>Whether to take the device from its driver, and give it back.</summary>
    public bool Bind { get; init; }

    /// <summary>How long a bit may stay set before the page counts as not inspected.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two signals: no host sees more than a few hundred a second.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Reads the options of a command line.</summary>
    /// <returns><see langword="null"/> when nothing is to be measured.</returns>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public static WindowOptions? Read(string? device, string? hints, string? samples, bool bind)
    {
        if (device is null)
            return hints is null && samples is null && !bind ? null : throw new UsageException("--hints, --samples and --bind belong to --measure");
        return new WindowOptions
        {
            Device = device,
            Hints = hints is null ? [] : [.. hints.Split(',').Select(hint => Quantity.Duration("--hints", hint, MonitorOptions.LeastLatency, MonitorOptions.MostLatency))],
            Samples = samples is null ? 100
                : int.TryParse(samples, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= MostSamples ? count
                : throw new UsageException($"--samples {samples}: must be between 1 and {MostSamples}"),
            Bind = bind,
        };
    }
}

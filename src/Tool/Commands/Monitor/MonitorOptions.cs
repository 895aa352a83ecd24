namespace VmBus.Tool;

/// <summary>What was asked of <c>vmbus monitor</c>.</summary>
internal sealed record MonitorOptions
{
    /// <summary>The least latency that is set: one unit of the page.</summary>
    public static readonly TimeSpan LeastLatency = TimeSpan.FromTicks(1);

    /// <summary>The most the page can say.</summary>
    public static readonly TimeSpan MostLatency = TimeSpan.FromTicks(ushort.MaxValue);

    /// <summary>The device whose channel is meant, and through which the page is mapped unless <see cref="Uio"/> says otherwise.</summary>
    public Guid? Device { get; init; }

    /// <summary>The channel whose latency is set; <see langword="null"/> for the device's primary.</summary>
    public uint? Channel { get; init; }

    /// <summary>The UIO device the page is mapped through: <c>uio0</c> or <c>/dev/uio0</c>.</summary>
    public string? Uio { get; init; }

    /// <summary>The latency to set.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Whether to show unused monitors.</summary>
    public bool IsAll { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Where sysfs is.</summary>
    public string Sysfs { get; init; } = "/sys";

    /// <summary>Checks what options mean together.</summary>
    /// <exception cref="UsageException">They make no sense together.</exception>
    public void Validate()
    {
        if (Latency is not null && Device is null)
            throw new UsageException("--set-latency needs --device: the instance of the channel's device (see 'vmbus list -vv')");
        if (Channel is not null && Latency is null)
            throw new UsageException("--channel selects the channel of --set-latency: give that as well");
        if (IsAll && (Latency is not null || (Device is null && Uio is null)))
            throw new UsageException("--all shows the whole page: it needs --device or --uio, and does not go with --set-latency");
    }
}

// What an offer would say of a channel.

namespace VmBus.Testing;

/// <summary>Options of a channel of an <see cref="InMemoryVmBus"/>.</summary>
public sealed record InMemoryChannelOptions
{
    /// <summary>The size of the ring from guest to host, without its control page: whole pages.</summary>
    public int GuestToHostSize { get; init; } = 256 << 10;

    /// <summary>The size of the ring from host to guest, without its control page: whole pages.</summary>
    public int HostToGuestSize { get; init; } = 256 << 10;

    /// <summary>The channel's relid, 1 to 2047; <see langword="null"/> for the lowest free one.</summary>
    public uint? Relid { get; init; }

    /// <summary>Whether the guest can signal by the monitor page.</summary>
    public bool HasMonitor { get; init; } = true;

    /// <summary>
    /// Whether the host can also signal by the monitor page. The layout supports this with the page from parent to
    /// child; no host is known to use it.
    /// </summary>
    public bool HasHostMonitor { get; init; }

    /// <summary>
    /// The channel's monitor, 0 to 127; <see langword="null"/> for the lowest free one. Both directions share it.
    /// </summary>
    public int? MonitorId { get; init; }

    /// <summary>The latency hint of the monitors: at most 6.5535 ms, in steps of 100 ns.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>The VP of the guest to interrupt.</summary>
    public int GuestVp { get; init; }

    /// <summary>The VP of the host to interrupt.</summary>
    public int HostVp { get; init; }
}

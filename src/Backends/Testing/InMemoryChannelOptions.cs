// What an offer would say of a channel.

namespace VmBus.Testing;

/// <summary>How a channel of an <see cref="InMemoryVmBus"/> is set up.</summary>
public sealed record InMemoryChannelOptions
{
    /// <summary>The size of the ring from guest to host, without its control page: whole pages.</summary>
    public int GuestToHostSize { get; init; } = 256 << 10;

    /// <summary>The size of the ring from host to guest, without its control page: whole pages.</summary>
    public int HostToGuestSize { get; init; } = 256 << 10;

    /// <summary>The channel's relid, 1 to 2047; <see langword="null"/> for the lowest that is free.</summary>
    public uint? Relid { get; init; }

    /// <summary>Whether the guest may signal by the monitor page.</summary>
    public bool HasMonitor { get; init; } = true;

    /// <summary>
    /// Whether the host may signal by the monitor page too. The layout provides for it, by the page from parent to
    /// child; no host is known to use it.
    /// </summary>
    public bool HasHostMonitor { get; init; }

    /// <summary>The channel's monitor, 0 to 127; <see langword="null"/> for the lowest that is free. Both directions share it.</summary>
    public int? MonitorId { get; init; }

    /// <summary>The latency hint of the monitors: at most 6.5535 ms, in steps of 100 ns.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>The VP of the guest that is interrupted.</summary>
    public int GuestVp { get; init; }

    /// <summary>The VP of the host that is interrupted.</summary>
    public int HostVp { get; init; }
}

// Where one direction of one channel signals. Mirrors what Linux keeps in struct vmbus_channel: sig_event,
// is_dedicated_interrupt, monitor_grp, monitor_bit (include/linux/hyperv.h; channel_mgmt.c, vmbus_setup_channel_state).

using VmBus.Layout;

namespace VmBus;

/// <summary>What a channel's offer and its backend say about signalling the other side.</summary>
internal sealed record SignalBinding
{
    /// <summary>The channel's relid: its bit in the interrupt page. 0 to 16383.</summary>
    public required uint ChildRelid { get; init; }

    /// <summary>The immediate signal.</summary>
    public required ISignalPath Path { get; init; }

    /// <summary>The monitor page of this direction; <see langword="null"/> when the offer has no monitor.</summary>
    public MonitorPageView? MonitorPage { get; init; }

    /// <summary>The channel's monitor, 0 to 127, when there is a <see cref="MonitorPage"/>.</summary>
    public int MonitorId { get; init; }

    /// <summary>
    /// The half of the interrupt page that the other side reads, one bit a relid; empty from protocol 5.0 on, where the
    /// page is not shared at all.
    /// </summary>
    public InterruptPageView? InterruptPage { get; init; }

    /// <summary>
    /// Whether the channel has its own event flag (every channel since Windows 8). The interrupt page is then not
    /// written, neither for hypercalls nor for monitored signals: no host that gives out dedicated interrupts reads it.
    /// </summary>
    public bool HasDedicatedInterrupt { get; init; } = true;

    /// <summary>What keeps the addresses of the two pages valid; kept reachable for as long as the signaller is.</summary>
    public object? PageOwner { get; init; }

    /// <summary>Whether several threads may signal at once; counters then stay exact at the price of an interlocked add.</summary>
    public bool IsConcurrent { get; init; }
}

// How a guest's end of the bus behaves.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>How a <see cref="GuestBus"/> behaves.</summary>
public sealed record GuestBusOptions
{
    /// <summary>What it proposes, and how long it waits for answers.</summary>
    public GuestProtocolOptions Protocol { get; init; } = new();

    /// <summary>Whether the host is shown monitor pages; without them no channel has a monitor.</summary>
    public bool HasMonitorPages { get; init; } = true;

    /// <summary>The clock of timeouts and retries.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Sees every message, both ways. Called in order; it must not block. What it throws ends the connection.</summary>
    public IMessageObserver? Observer { get; init; }
}

// How a host bus behaves.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>How a <see cref="HostBus"/> behaves.</summary>
public sealed record HostBusOptions
{
    /// <summary>What it speaks, and how much a guest may have. The number of VPs is the partition's.</summary>
    public HostProtocolOptions Protocol { get; init; } = new();

    /// <summary>
    /// How long after an open result the host signals once more if the guest should have been signalled: some guests drop
    /// a signal that comes before the result. <see cref="TimeSpan.Zero"/> for never.
    /// </summary>
    public TimeSpan UnstickDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The clock of retries and of the delay above.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Runs the devices' services.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>
    /// Asked for a socket channel: offers it and says yes, or says no. <see langword="null"/> where there are none. Called
    /// on the guest's time: it must not block.
    /// </summary>
    public Func<TransportRequest, bool>? TransportConnect { get; init; }

    /// <summary>Sees every message, both ways. Called in order; it must not block.</summary>
    public VmBus.Protocol.IMessageObserver? Observer { get; init; }
}

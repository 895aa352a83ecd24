// What an in-memory machine is made of.

using VmBus.Guests;
using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>How an <see cref="InMemoryMachine"/> is set up.</summary>
public sealed record InMemoryMachineOptions
{
    /// <summary>
    /// The clock of the hypervisor, the host and the guests, unless their own options name another. With a clock of your own,
    /// time passes only as that clock says: monitor pages are examined, timeouts run out and posts are repeated when it is
    /// moved.
    /// </summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The guest's memory in bytes: whole pages.</summary>
    public long GuestMemorySize { get; init; } = 16 << 20;

    /// <summary>How many VPs the guest has.</summary>
    public int GuestVpCount { get; init; } = 1;

    /// <summary>Whether the guest takes its interrupts on a thread of its own; otherwise on the signaller's.</summary>
    public bool IsThreaded
    {
        get => DispatchMode == DispatchMode.Threaded;
        init => DispatchMode = value ? DispatchMode.Threaded : DispatchMode.Inline;
    }

    /// <summary>
    /// Whether the guest's rings lie in pages that are not neighbours, as a kernel's often do. Without effect where the pages of this
    /// machine's kernel are larger than 4096 bytes, as some of arm64: maps begin at those.
    /// </summary>
    public bool ScatterPages { get; init; }

    /// <summary>How the hypervisor behaves.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>How the host's bus behaves.</summary>
    public HostBusOptions Host { get; init; } = new();

    /// <summary>On whose time the guest takes its interrupts.</summary>
    internal DispatchMode DispatchMode { get; init; } = DispatchMode.Inline;

    // What names no clock gets the machine's. A scan by a thread knows the system's clock only.
    internal InMemoryMachineOptions WithClock() => Clock == TimeProvider.System ? this : this with
    {
        Hypervisor = Hypervisor.Clock == TimeProvider.System ? Hypervisor with { Clock = Clock, MonitorScan = MonitorScan.Stepped } : Hypervisor,
        Host = Host.Clock == TimeProvider.System ? Host with { Clock = Clock } : Host,
    };

    internal GuestBusOptions WithClock(GuestBusOptions guest) => guest.Clock == TimeProvider.System ? guest with { Clock = Clock } : guest;
}

// What an in-memory machine is made of.

using VmBus.Guests;
using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>Options of an <see cref="InMemoryMachine"/>.</summary>
public sealed record InMemoryMachineOptions
{
    /// <summary>
    /// The clock of the hypervisor, the host and the guests, unless their own options set another one. With your own clock,
    /// time passes only when you advance it: monitor pages are inspected, timeouts expire and posts are retried when it is
    /// advanced.
    /// </summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The guest's memory in bytes: whole pages.</summary>
    public long GuestMemorySize { get; init; } = 16 << 20;

    /// <summary>The number of VPs of the guest.</summary>
    public int GuestVpCount { get; init; } = 1;

    /// <summary>Whether the guest handles its interrupts on its own thread; otherwise on the signaller's.</summary>
    public bool IsThreaded
    {
        get => DispatchMode == DispatchMode.Threaded;
        init => DispatchMode = value ? DispatchMode.Threaded : DispatchMode.Inline;
    }

    /// <summary>
    /// Whether the guest's rings are in non-contiguous pages, as a kernel's often are. Without effect if the pages of this
    /// machine's kernel are larger than 4096 bytes, as on some arm64 kernels: mappings begin at page boundaries.
    /// </summary>
    public bool ScatterPages { get; init; }

    /// <summary>The options of the hypervisor.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>The options of the host's bus.</summary>
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

// What an in-memory machine is made of.

using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>How an <see cref="InMemoryMachine"/> is set up.</summary>
public sealed record InMemoryMachineOptions
{
    /// <summary>The guest's memory in bytes: whole pages.</summary>
    public long GuestMemorySize { get; init; } = 16 << 20;

    /// <summary>How many VPs the guest has.</summary>
    public int GuestVpCount { get; init; } = 1;

    /// <summary>On whose time the guest takes its interrupts.</summary>
    public DispatchMode DispatchMode { get; init; } = DispatchMode.Inline;

    /// <summary>Whether the guest's rings lie in pages that are not neighbours, as a kernel's often do.</summary>
    public bool ScatterPages { get; init; }

    /// <summary>How the hypervisor behaves.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>How the host's bus behaves.</summary>
    public HostBusOptions Host { get; init; } = new();
}

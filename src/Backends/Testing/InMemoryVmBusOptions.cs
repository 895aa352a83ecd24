// What a ready-made pair of partitions is made of.

using VmBus.InMemory;

namespace VmBus.Testing;

/// <summary>How an <see cref="InMemoryVmBus"/> is set up.</summary>
public sealed record InMemoryVmBusOptions
{
    /// <summary>The hypervisor below.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>The guest's memory in bytes: whole pages. Rings come out of it.</summary>
    public long GuestMemorySize { get; init; } = 64 << 20;

    /// <summary>How many VPs the guest has.</summary>
    public int GuestVpCount { get; init; } = 1;

    /// <summary>How many VPs the host has.</summary>
    public int HostVpCount { get; init; } = 1;

    /// <summary>Whether a thread of its own carries a signal from the event flag to the waiting channel; otherwise on the signaller's.</summary>
    public bool IsThreaded
    {
        get => DispatchMode == DispatchMode.Threaded;
        init => DispatchMode = value ? DispatchMode.Threaded : DispatchMode.Inline;
    }

    /// <summary>
    /// Whether channels have no event flag of their own, as before Windows 8: the interrupt page names the channel, and
    /// one shared connection and one shared flag say that there is news.
    /// </summary>
    public bool LegacyInterrupts { get; init; }

    /// <summary>On whose time a signal is carried from the event flag to the waiting channel.</summary>
    internal DispatchMode DispatchMode { get; init; } = DispatchMode.Inline;
}

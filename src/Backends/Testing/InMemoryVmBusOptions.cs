// What a ready-made pair of partitions is made of.

using VmBus.InMemory;

namespace VmBus.Testing;

/// <summary>Options of an <see cref="InMemoryVmBus"/>.</summary>
public sealed record InMemoryVmBusOptions
{
    /// <summary>The options of the hypervisor.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>The guest's memory in bytes: whole pages. It contains the rings.</summary>
    public long GuestMemorySize { get; init; } = 64 << 20;

    /// <summary>The number of VPs of the guest.</summary>
    public int GuestVpCount { get; init; } = 1;

    /// <summary>The number of VPs of the host.</summary>
    public int HostVpCount { get; init; } = 1;

    /// <summary>
    /// Whether a separate thread carries a signal from the event flag to the waiting channel; otherwise the signaller's thread
    /// does.
    /// </summary>
    public bool IsThreaded
    {
        get => DispatchMode == DispatchMode.Threaded;
        init => DispatchMode = value ? DispatchMode.Threaded : DispatchMode.Inline;
    }

    /// <summary>
    /// Whether channels have no own event flag, as before Windows 8: the interrupt page identifies the channel, and
    /// one shared connection and one shared flag announce a signal.
    /// </summary>
    public bool LegacyInterrupts { get; init; }

    /// <summary>On whose time a signal is carried from the event flag to the waiting channel.</summary>
    internal DispatchMode DispatchMode { get; init; } = DispatchMode.Inline;
}

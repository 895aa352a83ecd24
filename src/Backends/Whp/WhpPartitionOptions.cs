// How a guest under the Windows Hypervisor Platform is made.

using VmBus.Backends.Mapping;
using VmBus.Backends.Monitors;

namespace VmBus.Backends.Whp;

/// <summary>How a partition under the Windows Hypervisor Platform is made.</summary>
public sealed record WhpPartitionOptions
{
    /// <summary>The most VPs.</summary>
    public const int MostVps = 64;

    /// <summary>Bytes of memory: whole pages, less than 2 GiB.</summary>
    public long MemorySize { get; init; } = 256 << 20;

    /// <summary>How many VPs.</summary>
    public int VpCount { get; init; } = 1;

    /// <summary>
    /// Whether the hypervisor turns a guest's signals into events (notification ports); otherwise, and on builds of Windows
    /// without them, each comes out of it as a hypercall.
    /// </summary>
    public bool UsePorts { get; init; } = true;

    /// <summary>
    /// Whether event flags are set through triggers: setting a Windows event, whose result nobody tells. Otherwise, and on
    /// builds of Windows without them, by a call that answers.
    /// </summary>
    public bool UseTriggers { get; init; } = true;

    /// <summary>How monitor pages are examined.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>How long a wait on a gate spins at the most before it sleeps.</summary>
    public TimeSpan SpinBudget { get; init; } = TimeSpan.FromMicroseconds(50);

    internal void Validate()
    {
        if (MemorySize % GuestMemory.PageSize != 0 || MemorySize < 2 * GuestMemory.PageSize || MemorySize > int.MaxValue)
            throw new ArgumentException($"A guest's memory of {MemorySize} bytes is not whole pages, less than 2 GiB.");
        if (VpCount is < 1 or > MostVps)
            throw new ArgumentException($"A guest has 1 to {MostVps} VPs, not {VpCount}.");
    }
}

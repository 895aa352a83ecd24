// How a guest of a real hypervisor is made.

namespace VmBus.Hosting;

/// <summary>The options that all kinds of partitions have.</summary>
public abstract record GuestPartitionOptions
{
    /// <summary>The maximum number of VPs, given by the table of interrupt lines.</summary>
    public const int MostVps = 64;

    /// <summary>
    /// Bytes of memory: whole pages, up to 256 GiB; on Windows less than 2 GiB. Memory beyond 3 GiB is above 4 GiB for the
    /// guest. The host allocates memory when the guest first accesses it.
    /// </summary>
    public long MemorySize { get; init; } = 256 << 20;

    /// <summary>The number of VPs.</summary>
    public int VpCount { get; init; } = 1;

    /// <summary>How monitor pages are inspected.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>The maximum time that a wait on a gate spins before it sleeps.</summary>
    public TimeSpan SpinBudget { get; init; } = TimeSpan.FromMicroseconds(50);

    internal virtual void Validate()
    {
        if (MemorySize % GuestMemory.PageSize != 0 || MemorySize < 2 * GuestMemory.PageSize || MemorySize > GuestMemory.MostOf(shared: true))
            throw new ArgumentException($"A guest's memory of {MemorySize} bytes is not whole pages, up to {GuestMemory.MostOf(shared: true)}.");
        if (VpCount is < 1 or > MostVps)
            throw new ArgumentException($"A guest has 1 to {MostVps} VPs, not {VpCount}.");
    }
}

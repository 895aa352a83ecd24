// How a guest of a real hypervisor is made.

namespace VmBus.Hosting;

/// <summary>The options of a guest that every kind of partition has.</summary>
public abstract record GuestPartitionOptions
{
    /// <summary>The most VPs: what the table of interrupt lines has room for.</summary>
    public const int MostVps = 64;

    /// <summary>
    /// Bytes of memory: whole pages, up to 256 GiB; on Windows less than 2 GiB. Of more than 3 GiB the rest lies above 4 GiB for the
    /// guest. The host's memory is taken as the guest touches it.
    /// </summary>
    public long MemorySize { get; init; } = 256 << 20;

    /// <summary>How many VPs.</summary>
    public int VpCount { get; init; } = 1;

    /// <summary>How monitor pages are examined.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>How long a wait on a gate spins at most before it sleeps.</summary>
    public TimeSpan SpinBudget { get; init; } = TimeSpan.FromMicroseconds(50);

    internal virtual void Validate()
    {
        if (MemorySize % GuestMemory.PageSize != 0 || MemorySize < 2 * GuestMemory.PageSize || MemorySize > GuestMemory.MostOf(shared: true))
            throw new ArgumentException($"A guest's memory of {MemorySize} bytes is not whole pages, up to {GuestMemory.MostOf(shared: true)}.");
        if (VpCount is < 1 or > MostVps)
            throw new ArgumentException($"A guest has 1 to {MostVps} VPs, not {VpCount}.");
    }
}

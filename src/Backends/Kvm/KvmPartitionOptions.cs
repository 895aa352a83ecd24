// How a guest under KVM is made.

using VmBus.Backends.Mapping;
using VmBus.Backends.Monitors;

namespace VmBus.Backends.Kvm;

/// <summary>How a partition under KVM is made.</summary>
public sealed record KvmPartitionOptions
{
    /// <summary>The most VPs: what the table of interrupt lines has room for.</summary>
    public const int MostVps = 64;

    /// <summary>Bytes of memory: whole pages, less than 2 GiB.</summary>
    public long MemorySize { get; init; } = 256 << 20;

    /// <summary>How many VPs.</summary>
    public int VpCount { get; init; } = 1;

    /// <summary>
    /// Whether the guest finds Hyper-V: SynIC, hypercalls, CPUID leaves. Without it a guest is only run, as on a kernel
    /// whose KVM has nothing of Hyper-V.
    /// </summary>
    public bool IsHyperv { get; init; } = true;

    /// <summary>Whether the guest has interrupt controllers and a timer. Hyper-V needs them.</summary>
    public bool HasInterrupts { get; init; } = true;

    /// <summary>Whether the kernel turns a guest's signals into eventfds; otherwise each comes out of the kernel as a hypercall.</summary>
    public bool UseEventFds { get; init; } = true;

    /// <summary>Where KVM is.</summary>
    public string Device { get; init; } = "/dev/kvm";

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
        if (IsHyperv && !HasInterrupts)
            throw new ArgumentException("A guest that finds Hyper-V needs interrupts.");
    }
}

// How a guest under KVM is made.

using VmBus.Hosting;

namespace VmBus.Kvm;

/// <summary>Options of a partition under KVM.</summary>
public sealed record KvmPartitionOptions : GuestPartitionOptions
{
    /// <summary>
    /// Whether the guest sees Hyper-V: SynIC, hypercalls, CPUID leaves. Without it the guest runs as on a kernel whose KVM does
    /// not support Hyper-V's interfaces.
    /// </summary>
    public bool IsHyperv { get; init; } = true;

    /// <summary>Whether the guest has interrupt controllers and a timer. Hyper-V needs them.</summary>
    public bool HasInterrupts { get; init; } = true;

    /// <summary>
    /// Whether the kernel turns a guest's signals into eventfds; otherwise each signal exits to this process as a hypercall.
    /// </summary>
    public bool UseEventFds { get; init; } = true;

    /// <summary>The path of the KVM device.</summary>
    public string Device { get; init; } = "/dev/kvm";

    internal override void Validate()
    {
        base.Validate();
        if (IsHyperv && !HasInterrupts)
            throw new ArgumentException("A guest with Hyper-V needs interrupts.");
    }
}

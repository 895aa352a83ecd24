using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>The three kinds of guest that the tests make, by what they ask of a KVM.</summary>
internal static class KvmNeeds
{
    private const long Memory = 8 << 20;

    public static KvmPartitionOptions OfAnyGuest { get; } = new() { IsHyperv = false, HasInterrupts = false, MemorySize = Memory };

    public static KvmPartitionOptions OfInterrupts { get; } = new() { IsHyperv = false, MemorySize = Memory };

    public static KvmPartitionOptions OfHyperv { get; } = new() { MemorySize = Memory };
}

namespace VmBus.InMemory;

/// <summary>A virtual processor of a partition: here, its SynIC and the interrupts that come out of it.</summary>
internal sealed class VirtualProcessor
{
    internal VirtualProcessor(Partition partition, int index)
    {
        Partition = partition;
        Index = index;
        Synic = new Synic(partition);
    }

    /// <summary>The partition it belongs to.</summary>
    public Partition Partition { get; }

    /// <summary>Its index in the partition, from 0.</summary>
    public int Index { get; }

    /// <summary>Its synthetic interrupt controller.</summary>
    public Synic Synic { get; }
}

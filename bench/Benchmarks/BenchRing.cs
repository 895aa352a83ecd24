// One ring with both its ends in this process, on either kind of memory.

using VmBus.Interop;

namespace VmBus.Benchmarks;

/// <summary>The memory of a ring, its writer and its reader.</summary>
internal sealed class BenchRing : IDisposable
{
    private readonly IDisposable? _mapping;

    public BenchRing(int dataSize, Mapping mapping = Mapping.Once, PeerTrust trust = PeerTrust.Trusted)
    {
        RingMemory memory = mapping == Mapping.Twice ? MapTwice(dataSize, out _mapping) : RingMemory.Allocate(dataSize);
        Outgoing = new OutgoingRing(memory);
        Incoming = new IncomingRing(memory, new IncomingRingOptions { Trust = trust });
    }

    public OutgoingRing Outgoing { get; }

    public IncomingRing Incoming { get; }

    public void Dispose() => _mapping?.Dispose();

    private static RingMemory MapTwice(int dataSize, out IDisposable mapping)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Memory is mapped twice on Linux only.");
        using MemfdHandle memory = MemfdHandle.Create("vmbus-bench", RingMemory.PageSize + dataSize);
        MappedRing ring = MappedMemory.MapRing(memory, 0, dataSize);
        mapping = ring;
        return RingMemory.FromAddress(ring.ControlAddress, ring.DataAddress, dataSize, ring.IsDataMappedTwice, ring);
    }
}

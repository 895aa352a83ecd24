using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>One ring in a memfd, as both sides see it.</summary>
internal sealed unsafe class PeerRing : IDisposable
{
    private readonly MappedRing _mapping;

    public PeerRing(int dataSize, bool doubleMapped = true, uint standAt = 0)
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-peers", SizeOf(dataSize));
        _mapping = Map(memory, 0, dataSize, doubleMapped);

        // Announced by whoever sets the ring up: DPDK leaves it to the kernel.
        Control.FeatureBits = RingControlPage.FeaturePendingSendSize;
        Control.WriteIndex = Control.ReadIndex = standAt;
    }

    public PeerRing(MemfdHandle memory, long offset, int dataSize) => _mapping = Map(memory, offset, dataSize, doubleMapped: true);

    public RingMemory Memory
        => RingMemory.FromAddress(_mapping.ControlAddress, _mapping.DataAddress, _mapping.DataSize, _mapping.IsDataMappedTwice, _mapping);

    public DpdkRing Dpdk => new(_mapping.ControlAddress, _mapping.DataSize);

    public ref RingControlPage Control => ref *(RingControlPage*)_mapping.ControlAddress;

    public int DataSize => _mapping.DataSize;

    public Span<byte> Data => new((void*)_mapping.DataAddress, DataSize);

    /// <summary>Control page and data.</summary>
    public Span<byte> Bytes => new((void*)_mapping.ControlAddress, (int)SizeOf(DataSize));

    /// <summary>Bytes that a writer may have written, as DPDK counts them: one more than fit, since it never fills a ring.</summary>
    public uint Room
    {
        get
        {
            uint read = Volatile.Read(ref Control.ReadIndex);
            uint write = Volatile.Read(ref Control.WriteIndex);
            return write >= read ? (uint)DataSize - (write - read) : read - write;
        }
    }

    public static long SizeOf(int dataSize) => RingControlPage.Size + dataSize;

    public void Dispose() => _mapping.Dispose();

    public override string ToString()
        => $"write {Control.WriteIndex} read {Control.ReadIndex} mask {Control.InterruptMask} pending {Control.PendingSendSize} of {DataSize}";

    private static MappedRing Map(MemfdHandle memory, long offset, int dataSize, bool doubleMapped)
        => doubleMapped ? MappedMemory.MapRing(memory, offset, dataSize) : MappedMemory.MapSingleRing(memory, offset, dataSize);
}

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Compare;

/// <summary>Memory for two rings, each mapped twice; the second is there for the way back of a ping-pong.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class RingPair : IDisposable
{
    public RingPair(int dataSize)
    {
        There = Map(dataSize);
        Back = Map(dataSize);
    }

    public MappedRing There { get; }

    public MappedRing Back { get; }

    public void Dispose()
    {
        There.Dispose();
        Back.Dispose();
    }

    /// <summary>Readers here poll, and say so; writers support waiting for room, so that readers have to fence.</summary>
    private static MappedRing Map(int dataSize)
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-compare", RingMemory.PageSize + dataSize);
        MappedRing ring = MappedMemory.MapRing(memory, 0, dataSize);
        RingControlPage* control = (RingControlPage*)ring.ControlAddress;
        control->InterruptMask = 1;
        control->FeatureBits = RingControlPage.FeaturePendingSendSize;

        // Every page is there before anything is measured.
        new Span<byte>((void*)ring.DataAddress, 2 * dataSize).Clear();
        return ring;
    }
}

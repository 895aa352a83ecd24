using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>What runs in C, a whole slice a call: the floor, and DPDK's library.</summary>
/// <remarks>Derived classes say which loop; payload and buffers lie in memory that does not move.</remarks>
[SupportedOSPlatform("linux")]
internal abstract unsafe class NativeContender : IContender
{
    protected NativeContender(Case @case, NativeLoops loops, byte[] payload)
    {
        Case = @case;
        Loops = loops;
        Rings = new RingPair(@case.RingSize);
        Payload = (byte*)NativeMemory.AlignedAlloc((nuint)payload.Length, 64);
        payload.CopyTo(new Span<byte>(Payload, payload.Length));
    }

    protected Case Case { get; }

    protected NativeLoops Loops { get; }

    protected RingPair Rings { get; }

    protected byte* Payload { get; }

    public abstract long Alone(int count);

    public abstract long First(int count);

    public abstract long Second(int count);

    public virtual void Dispose()
    {
        NativeMemory.AlignedFree(Payload);
        Rings.Dispose();
    }
}

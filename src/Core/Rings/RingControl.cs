// A ring's control page in real memory. Mirrors struct hv_ring_buffer (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>The control page at an address. The page outlives this view: <see cref="RingMemory"/> sees to it.</summary>
/// <remarks>
/// Fences are interlocked exchanges (<c>xchg</c> on x86, about 2 ns; <c>mfence</c> costs 17). A
/// <see cref="Volatile"/> write would be a plain store: the loads that follow could be served before it.
/// </remarks>
internal readonly unsafe struct RingControl(RingControlPage* page) : IRingControl
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadWriteIndex() => Volatile.Read(ref page->WriteIndex);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadReadIndex() => Volatile.Read(ref page->ReadIndex);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadInterruptMask() => Volatile.Read(ref page->InterruptMask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadPendingSendSize() => Volatile.Read(ref page->PendingSendSize);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadFeatureBits() => Volatile.Read(ref page->FeatureBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PublishWriteIndex(uint value) => Interlocked.Exchange(ref page->WriteIndex, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PublishReadIndex(uint value) => Interlocked.Exchange(ref page->ReadIndex, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreReadIndex(uint value) => Volatile.Write(ref page->ReadIndex, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExchangeInterruptMask(uint value) => Interlocked.Exchange(ref page->InterruptMask, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExchangePendingSendSize(uint value) => Interlocked.Exchange(ref page->PendingSendSize, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StorePendingSendSize(uint value) => Volatile.Write(ref page->PendingSendSize, value);

    /// <summary>Announces what this side supports as the writer of the ring. Called once, before the ring is used.</summary>
    public void StoreFeatureBits(uint value) => Volatile.Write(ref page->FeatureBits, value);
}

// One end's view of a modelled ring, and the production handshake run over it. Each mutant overrides one method.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>
/// The accesses of <see cref="RingControl"/> on modelled memory: <c>Volatile.Read</c> is an acquire load,
/// <c>Volatile.Write</c> a release store, <c>Interlocked.Exchange</c> an exchange.
/// </summary>
/// <param name="end">Whose view, of what.</param>
internal class ModelRing(RingEnd end)
{
    public uint Size => end.Size;

    protected ModelThread Thread => end.Thread;

    protected ModelRingControl Control => new(this);

    public virtual uint LoadWriteIndex() => Thread.Acquire(RingCells.WriteIndex);

    public virtual uint LoadReadIndex() => Thread.Acquire(RingCells.ReadIndex);

    public virtual uint LoadInterruptMask() => Thread.Acquire(RingCells.Mask);

    public virtual uint LoadPendingSendSize() => Thread.Acquire(RingCells.PendingSendSize);

    public virtual uint LoadFeatureBits() => Thread.Acquire(RingCells.FeatureBits);

    public virtual void PublishWriteIndex(uint value) => Thread.Exchange(RingCells.WriteIndex, value);

    public virtual void PublishReadIndex(uint value) => Thread.Exchange(RingCells.ReadIndex, value);

    public virtual void StoreReadIndex(uint value) => Thread.Release(RingCells.ReadIndex, value);

    public virtual void ExchangeInterruptMask(uint value) => Thread.Exchange(RingCells.Mask, value);

    public virtual void ExchangePendingSendSize(uint value) => Thread.Exchange(RingCells.PendingSendSize, value);

    public virtual void StorePendingSendSize(uint value) => Thread.Release(RingCells.PendingSendSize, value);

    public virtual SignalNeed PublishWrite(uint committed, uint next) => RingHandshake.PublishWrite(Control, committed, next);

    public virtual bool PublishRead(uint committed, uint next) => RingHandshake.PublishRead(Control, committed, next, Size);

    /// <param name="bytes">The room wanted.</param>
    /// <param name="read">The read index as last seen; production does not need it, one mutant does.</param>
    public virtual uint RequestRoom(uint bytes, uint read) => RingHandshake.RequestRoom(Control, bytes);

    public virtual void MaskInterrupt() => RingHandshake.Mask(Control);

    /// <param name="next">Where the reader stands; production does not need it, one mutant does.</param>
    public virtual uint UnmaskInterrupt(uint next) => RingHandshake.Unmask(Control);

    /// <summary>Puts a packet of whole cells into the ring, each holding its number, and publishes it.</summary>
    public virtual SignalNeed Send(uint at, uint length, uint number)
    {
        StorePacket(at, length, number);
        return PublishWrite(at, After(at, length));
    }

    /// <summary>Reads packets, each of which must be whole, and gives their room back.</summary>
    public virtual bool Receive(uint from, uint to, uint length, uint number)
    {
        LoadPackets(from, to, length, number);
        return PublishRead(from, to);
    }

    public uint After(uint at, uint length) => (at + length) % Size;

    protected void StorePacket(uint at, uint length, uint number)
    {
        for (uint i = 0; i < length; i += 8)
            Thread.Store(RingCells.Data + (int)After(at, i) / 8, number);
    }

    protected void LoadPackets(uint from, uint to, uint length, uint number)
    {
        for (; from != to && !Thread.Stopped; from = After(from, length), number++)
        {
            for (uint i = 0; i < length; i += 8)
                Thread.Consume(RingCells.Data + (int)After(from, i) / 8, number);
        }
    }
}

namespace VmBus.Core.Tests.Exploration;

/// <summary>What the production handshake is given in place of <see cref="RingControl"/>.</summary>
internal readonly struct ModelRingControl(ModelRing ring) : IRingControl
{
    public uint LoadWriteIndex() => ring.LoadWriteIndex();

    public uint LoadReadIndex() => ring.LoadReadIndex();

    public uint LoadInterruptMask() => ring.LoadInterruptMask();

    public uint LoadPendingSendSize() => ring.LoadPendingSendSize();

    public uint LoadFeatureBits() => ring.LoadFeatureBits();

    public void PublishWriteIndex(uint value) => ring.PublishWriteIndex(value);

    public void PublishReadIndex(uint value) => ring.PublishReadIndex(value);

    public void StoreReadIndex(uint value) => ring.StoreReadIndex(value);

    public void ExchangeInterruptMask(uint value) => ring.ExchangeInterruptMask(value);

    public void ExchangePendingSendSize(uint value) => ring.ExchangePendingSendSize(value);

    public void StorePendingSendSize(uint value) => ring.StorePendingSendSize(value);
}

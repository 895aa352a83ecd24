// The six shared words of a ring's control page, as operations with a stated order. Production code reaches memory
// through RingControl; the tests put an instrumented memory in its place and run the same handshake over it.

namespace VmBus;

/// <summary>
/// Ordered access to one ring's control page (<c>hv_ring_buffer</c>). Every load is an acquire; every
/// <c>Publish</c> and <c>Exchange</c> is a release followed by a full fence.
/// </summary>
internal interface IRingControl
{
    /// <summary>Where the writer will put its next byte.</summary>
    uint LoadWriteIndex();

    /// <summary>Where the reader will take its next byte.</summary>
    uint LoadReadIndex();

    /// <summary>Non-zero: the reader polls and wants no signal.</summary>
    uint LoadInterruptMask();

    /// <summary>How much room the writer waits for; 0 when it does not wait.</summary>
    uint LoadPendingSendSize();

    /// <summary>What the writer of this ring supports.</summary>
    uint LoadFeatureBits();

    /// <summary>Makes packets visible, then fences: the mask and the read index are loaded after it.</summary>
    void PublishWriteIndex(uint value);

    /// <summary>Gives room back, then fences: the pending size and the write index are loaded after it.</summary>
    void PublishReadIndex(uint value);

    /// <summary>Gives room back to a writer that never waits for room: a release, no fence.</summary>
    void StoreReadIndex(uint value);

    /// <summary>Sets the mask, then fences: the write index is loaded after it.</summary>
    void ExchangeInterruptMask(uint value);

    /// <summary>Asks for room, then fences: the read index is loaded after it.</summary>
    void ExchangePendingSendSize(uint value);

    /// <summary>Takes back a request for room: a release, no fence, since nothing is decided on what follows.</summary>
    void StorePendingSendSize(uint value);
}

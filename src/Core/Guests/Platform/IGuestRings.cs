// The two rings of a channel, in a guest's own memory. Mirrors what vmbus_alloc_ring makes (Linux drivers/hv/channel.c).

namespace VmBus.Guests;

/// <summary>The rings of one channel: the guest's outgoing one, then its incoming one, as one GPADL has them.</summary>
internal interface IGuestRings : IDisposable
{
    /// <summary>The frames of the outgoing ring's control page and data, then of the incoming ring's.</summary>
    ReadOnlyMemory<ulong> PageFrames { get; }

    /// <summary>How many of the frames are the outgoing ring's: the <c>downstream_page_offset</c> of an open request.</summary>
    int DownstreamPageOffset { get; }

    /// <summary>The ring the guest writes.</summary>
    RingMemory Outgoing { get; }

    /// <summary>The ring the guest reads.</summary>
    RingMemory Incoming { get; }

    /// <summary>Unmaps the rings without giving their pages back: they stay taken, and can be adopted.</summary>
    void Leave();
}

// One ring in guest memory, mapped here. What hv_ringbuffer_init makes of a ring's pages (Linux drivers/hv/ring_buffer.c).

namespace VmBus.Hosting;

/// <summary>A ring that is mapped until it is disposed. Rings on its memory must not be used any more then.</summary>
internal interface IMappedRing : IDisposable
{
    /// <summary>The ring's memory: control page, and data once or twice back to back.</summary>
    RingMemory Memory { get; }

    /// <summary>
    /// Told when the memory was given back, and when the ring's addresses are gone, which may be much later. Set once, before the
    /// ring is disposed.
    /// </summary>
    RingShare? Share { set; }
}

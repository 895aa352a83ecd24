namespace VmBus;

/// <summary>What a signal path can do. A path never claims what it cannot deliver.</summary>
[Flags]
internal enum SignalCapabilities
{
    /// <summary>Nothing but what shared memory carries.</summary>
    None = 0,

    /// <summary>The monitor page is examined, so a pending bit becomes a signal within its latency.</summary>
    Monitor = 1,

    /// <summary>
    /// <see cref="ISignalPath.Signal"/> reaches the other side now, on monitored channels too. Stock
    /// <c>uio_hv_generic</c> lacks it: a write to the device is ignored while the channel has a monitor. The module
    /// <c>vmbus_signal</c> adds it.
    /// </summary>
    Hypercall = 2,

    /// <summary>The latency field of the monitor page is writable here and honoured by the examiner of the page.</summary>
    LatencyHint = 4,
}

namespace VmBus;

/// <summary>How a channel tells the other side that its ring is no longer empty.</summary>
/// <remarks>
/// Linux had this switch as <c>low_latency</c> in <c>struct vmbus_channel</c> from 2016 (v4.9) until 2021.
/// </remarks>
public enum SignalMode
{
    /// <summary>
    /// Set a bit in the monitor page; the hypervisor inspects it once per window (about 100 µs) and signals then.
    /// Cheap for the sender, and batches build up, but every message waits.
    /// </summary>
    Monitored = 0,

    /// <summary>Call the hypervisor at once. The other side wakes at once; the sender pays for the call.</summary>
    LowLatency,

    /// <summary>Chosen from the measured load: see <see cref="AdaptiveOptions"/>.</summary>
    Adaptive,
}

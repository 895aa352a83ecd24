namespace VmBus;

/// <summary>What really happens when a channel signals, given its mode, its offer and its path.</summary>
public enum EffectiveSignal
{
    /// <summary>A bit in the monitor page, examined at the latency the host asked for.</summary>
    Monitored = 0,

    /// <summary>
    /// A bit in the monitor page, examined at a shortened latency: what low latency amounts to where no hypercall
    /// can be made (stock <c>uio_hv_generic</c>).
    /// </summary>
    MonitoredShortHint,

    /// <summary>A call to the hypervisor, now.</summary>
    Hypercall,
}

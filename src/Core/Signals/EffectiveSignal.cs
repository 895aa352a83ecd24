namespace VmBus;

/// <summary>How a channel actually signals, given its mode, its offer and its signal path.</summary>
public enum EffectiveSignal
{
    /// <summary>A bit in the monitor page, inspected at the latency the host requested.</summary>
    Monitored = 0,

    /// <summary>
    /// A bit in the monitor page, inspected at a shortened latency: the form of low latency where no hypercall
    /// is possible (stock <c>uio_hv_generic</c>).
    /// </summary>
    MonitoredShortHint,

    /// <summary>An immediate call to the hypervisor.</summary>
    Hypercall,
}

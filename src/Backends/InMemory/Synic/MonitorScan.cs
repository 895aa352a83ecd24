namespace VmBus.InMemory;

/// <summary>Who examines the monitor pages.</summary>
internal enum MonitorScan
{
    /// <summary>A thread of the hypervisor, which sleeps when the next examination is far and spins when it is near.</summary>
    Threaded,

    /// <summary>
    /// The timers of <see cref="HypervisorOptions.Clock"/>: nothing happens until the clock moves, so under a fake
    /// clock every run is the same. <see cref="Hypervisor.Step"/> does by hand what a timer would.
    /// </summary>
    Stepped,
}

// What an in-memory hypervisor is made of: its clock, how it scans monitor pages, and what its calls cost.

using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>How an in-memory hypervisor behaves. Every value has a default that costs and limits nothing.</summary>
public sealed record HypervisorOptions
{
    /// <summary>The default of <see cref="SpinBudget"/>: 100 µs, above what waking a halted core takes (30 to 60 µs), below the usual monitor window.</summary>
    public static readonly TimeSpan DefaultSpinBudget = TimeSpan.FromMicroseconds(100);

    /// <summary>The clock of the monitor scan and of the reference time. A fake one needs <see cref="IsStepped"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Whether the monitor pages are examined by the clock's timers, the same every time; otherwise by a thread, in real time.</summary>
    public bool IsStepped
    {
        get => MonitorScan == MonitorScan.Stepped;
        init => MonitorScan = value ? MonitorScan.Stepped : MonitorScan.Threaded;
    }

    /// <summary>The limits and habits of the monitor scan.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>
    /// What one hypercall costs its caller. In one process a hypercall is a function call; this models the intercept.
    /// Zero by default. Print it beside every result it took part in.
    /// </summary>
    public TimeSpan HypercallCost { get; init; }

    /// <summary>
    /// What passes between a signal and the moment the side that waited for it goes on: the interrupt and the
    /// scheduling of a real VP. Paid by the woken side, only when it had to wait. Zero by default.
    /// </summary>
    public TimeSpan WakeCost { get; init; }

    /// <summary>
    /// How a modelled cost is spent. By default the thread that pays is kept busy for that long on the machine's own
    /// clock. A simulation that moves its clock itself puts its own way here; <see cref="IsStepped"/>
    /// with a cost demands it. What it throws comes out of the call that pays.
    /// </summary>
    public Action<TimeSpan>? SpendCost { get; init; }

    /// <summary>
    /// Runs first on the thread that examines the monitor pages, where one does: the place to choose its core or its priority.
    /// What it throws ends the process, as on any thread.
    /// </summary>
    public Action? ScanThreadStarted { get; init; }

    /// <summary>How long a blocking wait spins at most before it sleeps.</summary>
    public TimeSpan SpinBudget { get; init; } = DefaultSpinBudget;

    /// <summary>
    /// Whether waits spin less while signals come too late for it (<see cref="AdaptiveSpin"/>); otherwise each
    /// spins for the whole budget.
    /// </summary>
    public bool AdaptiveSpin { get; init; } = true;

    /// <summary>
    /// Whether a signal runs the awaiting continuation itself instead of handing it to the thread pool: what a
    /// simulation on one thread needs to be the same every time.
    /// </summary>
    public bool InlineContinuations { get; init; }

    /// <summary>
    /// Whether guest memory is a memfd, so that rings are mapped twice and other processes can map it. Otherwise it is
    /// a pinned managed array. Only Linux has memfd.
    /// </summary>
    public bool SharedMemory { get; init; } = OperatingSystem.IsLinux();

    /// <summary>How many messages a port buffers before a post fails with <c>HV_STATUS_INSUFFICIENT_BUFFERS</c>.</summary>
    public int MessageBuffersPerPort { get; init; } = 16;

    /// <summary>Who examines the monitor pages: a thread, or the clock's timers.</summary>
    internal MonitorScan MonitorScan { get; init; } = MonitorScan.Threaded;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Clock);
        ArgumentNullException.ThrowIfNull(Monitor);
        Monitor.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(HypercallCost, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(WakeCost, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(SpinBudget, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MessageBuffersPerPort, 1);
        if (SharedMemory && !OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Shared guest memory needs memfd_create, which only Linux has.");
        if (MonitorScan == MonitorScan.Threaded && Clock != TimeProvider.System)
            throw new ArgumentException("A threaded monitor scan runs on the machine's clock; a clock of your own needs IsStepped.");
        if (MonitorScan == MonitorScan.Stepped && SpendCost is null && (HypercallCost > TimeSpan.Zero || WakeCost > TimeSpan.Zero))
            throw new ArgumentException("A stepped hypervisor cannot keep a thread busy for a modelled cost; SpendCost says how its clock moves instead.");
    }
}

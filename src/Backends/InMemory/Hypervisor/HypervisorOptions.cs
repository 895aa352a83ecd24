// What an in-memory hypervisor is made of: its clock, how it scans monitor pages, and what its calls cost.

using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>Options of an in-memory hypervisor. By default, nothing has a modelled cost.</summary>
public sealed record HypervisorOptions
{
    /// <summary>
    /// The default of <see cref="SpinBudget"/>: 100 µs, above the time to wake a halted core (30 to 60 µs), below the usual
    /// monitor window.
    /// </summary>
    public static readonly TimeSpan DefaultSpinBudget = TimeSpan.FromMicroseconds(100);

    /// <summary>The clock of the monitor scan and of the reference time. A fake clock needs <see cref="IsStepped"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Whether the clock's timers inspect the monitor pages, deterministically; otherwise a thread does, in real time.
    /// </summary>
    public bool IsStepped
    {
        get => MonitorScan == MonitorScan.Stepped;
        init => MonitorScan = value ? MonitorScan.Stepped : MonitorScan.Threaded;
    }

    /// <summary>The options of the monitor scan.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>
    /// The cost of one hypercall for its caller. Within one process a hypercall is a function call; this models the intercept.
    /// Zero by default. Print it with every result that it affects.
    /// </summary>
    public TimeSpan HypercallCost { get; init; }

    /// <summary>
    /// The time between a signal and the moment the waiting side continues: the interrupt and the
    /// scheduling of a real VP. The woken side pays it, only if it had to wait. Zero by default.
    /// </summary>
    public TimeSpan WakeCost { get; init; }

    /// <summary>
    /// How a modelled cost is spent. By default, the paying thread spins for that long on the machine's own clock. A simulation
    /// that advances its own clock sets this; <see cref="IsStepped"/> with a cost requires it. Its exceptions propagate from
    /// the paying call.
    /// </summary>
    public Action<TimeSpan>? SpendCost { get; init; }

    /// <summary>
    /// Runs first on the thread that inspects the monitor pages, if there is one. Use it to set the thread's core or priority.
    /// An exception ends the process, as on any thread.
    /// </summary>
    public Action? ScanThreadStarted { get; init; }

    /// <summary>The maximum time that a blocking wait spins before it sleeps.</summary>
    public TimeSpan SpinBudget { get; init; } = DefaultSpinBudget;

    /// <summary>
    /// Whether waits spin less when signals arrive too late for spinning (<see cref="AdaptiveSpin"/>); otherwise each
    /// wait spins for the whole budget.
    /// </summary>
    public bool AdaptiveSpin { get; init; } = true;

    /// <summary>
    /// Whether a signal runs the awaiting continuation inline instead of on the thread pool. A deterministic
    /// single-threaded simulation needs this.
    /// </summary>
    public bool InlineContinuations { get; init; }

    /// <summary>
    /// Whether guest memory is a memfd, so that rings are mapped twice and other processes can map it. Otherwise it is
    /// a pinned managed array. Only Linux has memfd.
    /// </summary>
    public bool SharedMemory { get; init; } = OperatingSystem.IsLinux();

    /// <summary>
    /// The number of messages that a port buffers before a post fails with <c>HV_STATUS_INSUFFICIENT_BUFFERS</c>.
    /// </summary>
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
            throw new ArgumentException("A threaded monitor scan runs on the machine's clock; your own clock needs IsStepped.");
        if (MonitorScan == MonitorScan.Stepped && SpendCost is null && (HypercallCost > TimeSpan.Zero || WakeCost > TimeSpan.Zero))
            throw new ArgumentException("A stepped hypervisor cannot keep a thread busy for a modelled cost; set SpendCost to advance its clock instead.");
    }
}

// A hypervisor in this process: partitions whose SynICs, ports and monitor pages behave as the TLFS says.

using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>
/// An in-memory hypervisor. The first partition it creates is the root. Thread-safe, except that
/// <see cref="Dispose"/> must come when no thread is inside a call any more.
/// </summary>
internal sealed class Hypervisor : IDisposable
{
    private readonly Lock _sync = new();
    private readonly long _start;
    private Partition[] _partitions = [];
    private bool _disposed;

    /// <summary>Makes a hypervisor without partitions.</summary>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public Hypervisor(HypervisorOptions? options = null)
    {
        Options = options ?? new HypervisorOptions();
        Options.Validate();
        _start = Options.Clock.GetTimestamp();
        HypercallCost = new ModelledCost(Options.HypercallCost, Options.SpendCost);
        Scanner = Options.MonitorScan == MonitorScan.Threaded ? new ThreadedMonitorScanner(() => ReferenceTime, Options.ScanThreadStarted) : new SteppedMonitorScanner(this);
    }

    /// <summary>How it behaves.</summary>
    public HypervisorOptions Options { get; }

    /// <summary>The partitions, in the order of their creation.</summary>
    public IReadOnlyList<Partition> Partitions => Volatile.Read(ref _partitions);

    /// <summary>The time since the hypervisor was made, in units of 100 ns: the reference time counter of the TLFS.</summary>
    public long ReferenceTime => Options.Clock.GetElapsedTime(_start).Ticks;

    /// <summary>How late the examinations of monitor pages were.</summary>
    public LatenessStatistics Lateness => Scanner.Lateness;

    internal ModelledCost HypercallCost { get; }

    internal MonitorScanner Scanner { get; }

    /// <summary>Creates a partition.</summary>
    /// <param name="memorySize">Its memory in bytes: whole pages.</param>
    /// <param name="vpCount">How many virtual processors it has.</param>
    /// <param name="privileges">What it may ask of the hypervisor.</param>
    /// <exception cref="ArgumentException">Memory or VPs out of range.</exception>
    public Partition CreatePartition(long memorySize, int vpCount = 1, PartitionPrivileges privileges = PartitionPrivileges.All)
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var partition = new Partition(this, _partitions.Length + 1, memorySize, vpCount, privileges);
            Volatile.Write(ref _partitions, [.. _partitions, partition]);
            return partition;
        }
    }

    /// <summary>Makes a gate with this hypervisor's spin budget and wake cost.</summary>
    public WakeGate CreateGate() => new(Options.SpinBudget, Options.WakeCost, Options.SpendCost, Options.InlineContinuations, Options.AdaptiveSpin);

    /// <summary>Makes every examination of a monitor page that is due by now, on this thread, as a timer would.</summary>
    /// <returns>
    /// When the next one is due, counted like <see cref="ReferenceTime"/>; <see langword="null"/> when no monitor is registered.
    /// </returns>
    /// <exception cref="InvalidOperationException">The hypervisor is not <see cref="MonitorScan.Stepped"/>.</exception>
    public TimeSpan? Step() => Scanner is SteppedMonitorScanner stepped
        ? stepped.Step()
        : throw new InvalidOperationException("Only a hypervisor with MonitorScan.Stepped can be stepped; this one has a thread.");

    /// <summary>
    /// Stops the monitor scan, then ends every partition and unmaps its memory. Memory whose rings are still mapped goes with
    /// the last of them.
    /// </summary>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_disposed)
                return;
            _disposed = true;
        }
        Scanner.Dispose();
        foreach (Partition partition in _partitions)
            partition.Stop();
        foreach (Partition partition in _partitions)
            partition.Memory.Dispose();
    }

    // An interrupt goes to a dispatcher, which then wakes a channel: the cost of waking is paid there, once.
    internal WakeGate CreateInterruptGate() => new(Options.SpinBudget, adaptiveSpin: Options.AdaptiveSpin);
}

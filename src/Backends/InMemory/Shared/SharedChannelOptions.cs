namespace VmBus.InMemory;

/// <summary>Options of a channel between two processes. The host sets them and sends them to the guest.</summary>
public sealed record SharedChannelOptions
{
    /// <summary>The documented defaults.</summary>
    public static SharedChannelOptions Default { get; } = new();

    /// <summary>The largest <see cref="RingSize"/>: both rings are in one memory object of less than 2 GiB.</summary>
    public const int MaxRingSize = (1 << 30) - 4 * 4096;

    /// <summary>The longest <see cref="SpinBudget"/>: a spinning wait does not detect that its peer is gone.</summary>
    public static readonly TimeSpan MaxSpinBudget = TimeSpan.FromSeconds(1);

    /// <summary>Data bytes of each of the two rings: a multiple of 4096, up to <see cref="MaxRingSize"/>.</summary>
    public int RingSize { get; init; } = 256 * 1024;

    /// <summary>The channel's relid: its event flag and its bit in the interrupt page. 1 to 2047.</summary>
    public int ChildRelid { get; init; } = 1;

    /// <summary>The channel's monitor, 0 to 127.</summary>
    public int MonitorId { get; init; }

    /// <summary>How often the host inspects the monitor page: 100 ns to 6.5535 ms.</summary>
    public TimeSpan MonitorLatency { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>
    /// The maximum time that a blocking wait spins before it sleeps, on either side: up to <see cref="MaxSpinBudget"/>.
    /// </summary>
    public TimeSpan SpinBudget { get; init; } = HypervisorOptions.DefaultSpinBudget;

    /// <summary>
    /// Whether waits spin less when signals arrive too late for spinning (<see cref="AdaptiveSpin"/>); otherwise each
    /// wait spins for the whole budget.
    /// </summary>
    public bool AdaptiveSpin { get; init; } = true;

    /// <summary>How far the host trusts the guest.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Untrusted;

    /// <summary>The clock for the host's timeouts; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>
    /// Runs first on the thread of the host's scan. Use it to set the thread's core or priority. An exception ends the
    /// process, as on any thread.
    /// </summary>
    public Action? ScanThreadStarted { get; init; }

    internal void Validate()
    {
        if (RingSize is < 4096 or > MaxRingSize || RingSize % 4096 != 0)
            throw new ArgumentOutOfRangeException(nameof(RingSize), RingSize, $"A ring's data area is a multiple of 4096 bytes, from 4096 to {MaxRingSize}.");
        if (ChildRelid is < 1 or > 2047)
            throw new ArgumentOutOfRangeException(nameof(ChildRelid), ChildRelid, "A relid with an event flag is 1 to 2047.");
        if (MonitorId is < 0 or > 127)
            throw new ArgumentOutOfRangeException(nameof(MonitorId), MonitorId, "A monitor id is 0 to 127.");
        if (MonitorLatency.Ticks is < 1 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(MonitorLatency), MonitorLatency, "A monitor latency is 100 ns to 6.5535 ms.");
        if (SpinBudget < TimeSpan.Zero || SpinBudget > MaxSpinBudget)
            throw new ArgumentOutOfRangeException(nameof(SpinBudget), SpinBudget, $"A spin budget is zero to {MaxSpinBudget.TotalSeconds} s.");
    }
}

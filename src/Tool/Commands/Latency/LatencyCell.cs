namespace VmBus.Tool;

/// <summary>The result of one mode under one load.</summary>
internal sealed class LatencyCell
{
    /// <summary>The mode the channel ran in.</summary>
    public required SignalMode Mode { get; init; }

    /// <summary>The load it met.</summary>
    public required LoadKind Load { get; init; }

    /// <summary>
    /// From the send of each message to the moment the host reads it, in nanoseconds. In the mixed load: of the data
    /// messages only.
    /// </summary>
    public required LatencyHistogram Latencies { get; init; }

    /// <summary>In the mixed load the latencies of the urgent messages; otherwise <see langword="null"/>.</summary>
    public LatencyHistogram? UrgentLatencies { get; init; }

    /// <summary>Packets the host has read, urgent ones included.</summary>
    public required long Packets { get; init; }

    /// <summary>Payload bytes of those packets.</summary>
    public required long Bytes { get; init; }

    /// <summary>In the mixed load the packets that were data; otherwise <see langword="null"/>.</summary>
    public long? DataPackets { get; init; }

    /// <summary>From the first send to the last read, on the clock of the run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What became of each decision to signal, from guest to host.</summary>
    public required SignalCounts Signals { get; init; }

    /// <summary>How often an adaptive channel changed its way of signalling.</summary>
    public long ModeChanges { get; init; }

    /// <summary>How often the host was woken to look at its ring.</summary>
    public required long HostWakeups { get; init; }

    /// <summary>CPU time, or <see langword="null"/> under a fake clock.</summary>
    public CpuTime? Cpu { get; init; }

    /// <summary>Packets per second; 0 when no time passed.</summary>
    public double PacketsPerSecond => PerSecond(Packets);

    /// <summary>Payload bytes per second; 0 when no time passed.</summary>
    public double BytesPerSecond => PerSecond(Bytes);

    /// <summary>Packets for each host wakeup; <see langword="null"/> when the host was never woken.</summary>
    public double? PacketsPerWakeup => HostWakeups == 0 ? null : (double)Packets / HostWakeups;

    /// <summary>
    /// In the mixed load the data packets for each host wakeup, wakeups for urgent messages included; otherwise, or
    /// when the host was never woken, <see langword="null"/>.
    /// </summary>
    public double? DataPacketsPerWakeup => HostWakeups == 0 ? null : (double?)DataPackets / HostWakeups;

    /// <summary>CPU time as a share of one core; <see langword="null"/> where it is not known.</summary>
    public double? CpuShare => Cpu is null || Elapsed <= TimeSpan.Zero ? null : Cpu.Total / Elapsed;

    private double PerSecond(long amount) => Elapsed <= TimeSpan.Zero ? 0 : amount / Elapsed.TotalSeconds;
}

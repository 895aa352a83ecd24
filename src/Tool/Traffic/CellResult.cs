namespace VmBus.Tool;

/// <summary>Puts the halves of a cell's result together.</summary>
internal static class CellResult
{
    /// <summary>Joins what the guest counted and what the host saw.</summary>
    public static LatencyCell Join(SignalMode mode, LoadKind load, GuestResult guest, HostResult host, CpuTime? cpu)
    {
        bool mixed = load == LoadKind.Mixed;
        return new LatencyCell
        {
            Mode = mode,
            Load = load,
            Latencies = host.Data,
            UrgentLatencies = mixed ? host.Urgent : null,
            Packets = host.Packets,
            Bytes = host.Bytes,
            DataPackets = mixed ? host.Data.Count : null,
            Elapsed = host.Elapsed,
            Signals = Between(guest.Before, guest.After),
            ModeChanges = guest.After.Signals.ModeChanges - guest.Before.Signals.ModeChanges,
            HostWakeups = host.Wakeups,
            Cpu = cpu,
        };
    }

    /// <summary>What became of the decisions to signal between two snapshots of the sender's end.</summary>
    public static SignalCounts Between(in ChannelStatistics before, in ChannelStatistics after) => new()
    {
        Monitored = after.Signals.Monitored - before.Signals.Monitored,
        Hypercall = after.Signals.Hypercalls - before.Signals.Hypercalls,
        Promoted = after.Signals.Promoted - before.Signals.Promoted,
        SuppressedMasked = after.Outgoing.Masked - before.Outgoing.Masked,
        SuppressedNotEmpty = after.Outgoing.NotEmpty - before.Outgoing.NotEmpty,
    };
}

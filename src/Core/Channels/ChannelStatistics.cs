namespace VmBus;

/// <summary>The counters of one end of a channel since it was opened.</summary>
/// <remarks>Byte counts are ring bytes: they include descriptors and trailers.</remarks>
public readonly record struct ChannelStatistics
{
    internal ChannelStatistics(OutgoingRingStatistics outgoing, IncomingRingStatistics incoming, SignalStatistics signals, long wakeups)
    {
        Outgoing = outgoing;
        Incoming = incoming;
        Signals = signals;
        Wakeups = wakeups;
    }

    /// <summary>Packets sent.</summary>
    public long PacketsSent => Outgoing.Packets;

    /// <summary>Ring bytes of the packets sent.</summary>
    public long BytesSent => Outgoing.Bytes;

    /// <summary>Packets read and committed.</summary>
    public long PacketsReceived => Incoming.Packets;

    /// <summary>Ring bytes of the packets read and committed.</summary>
    public long BytesReceived => Incoming.Bytes;

    /// <summary>Signals set in the monitor page. Linux does not count these: its <c>events</c> counts hypercalls only.</summary>
    public long MonitoredSignals => Signals.Monitored;

    /// <summary>Immediate signals, including promotions and signals for room.</summary>
    public long Hypercalls => Signals.Hypercalls;

    /// <summary>Immediate signals sent because an urgent message found a deferred signal still pending.</summary>
    public long Promotions => Signals.Promoted;

    /// <summary>Signals of either kind sent because the other side waited for room.</summary>
    public long RoomSignals => Signals.RoomSignals;

    /// <summary>Immediate signals that the hypervisor refused.</summary>
    public long FailedSignals => Signals.Failed;

    /// <summary>The hypervisor's status of the last refusal; 0 if there was none.</summary>
    public ushort LastFailedStatus => (ushort)Signals.LastFailure;

    /// <summary>Publications that needed no signal because the reader masked its interrupt.</summary>
    public long SkippedMasked => Outgoing.Masked;

    /// <summary>Publications that needed no signal because the ring was not empty before.</summary>
    public long SkippedNotEmpty => Outgoing.NotEmpty;

    /// <summary>Times an adaptive channel switched between deferred and immediate signals.</summary>
    public long ModeChanges => Signals.ModeChanges;

    /// <summary>Sends refused for lack of room (<c>out_full_total</c>).</summary>
    public long RefusedSends => Outgoing.FullTotal;

    /// <summary>Times the ring became full: consecutive refusals count once (<c>out_full_first</c>).</summary>
    public long TimesFull => Outgoing.FullFirst;

    /// <summary>Signals of the other side that ended a wait here (Linux's <c>interrupts</c>).</summary>
    public long Wakeups { get; }

    /// <summary>Of the ring it writes.</summary>
    internal OutgoingRingStatistics Outgoing { get; }

    /// <summary>Of the ring it reads.</summary>
    internal IncomingRingStatistics Incoming { get; }

    /// <summary>Of its signals to the other side.</summary>
    internal SignalStatistics Signals { get; }
}

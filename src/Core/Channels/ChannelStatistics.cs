namespace VmBus;

/// <summary>What one end of a channel has counted since it was made.</summary>
/// <param name="Outgoing">Of the ring it writes.</param>
/// <param name="Incoming">Of the ring it reads.</param>
/// <param name="Signals">Of its signals to the other side.</param>
/// <param name="Wakeups">Signals of the other side that ended a wait here (Linux's <c>interrupts</c>).</param>
public readonly record struct ChannelStatistics(
    OutgoingRingStatistics Outgoing, IncomingRingStatistics Incoming, SignalStatistics Signals, long Wakeups);

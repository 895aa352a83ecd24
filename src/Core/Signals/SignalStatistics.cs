namespace VmBus;

/// <summary>What a <see cref="ChannelSignaler"/> has counted since it was made.</summary>
/// <param name="Monitored">Signals left to the monitor page. Linux does not count these: its <c>events</c> has hypercalls only.</param>
/// <param name="Hypercalls">Immediate signals, promotions and signals for room included.</param>
/// <param name="Promoted">Immediate signals sent because an urgent message found a deferred signal still pending.</param>
/// <param name="RoomSignals">Signals of either kind sent because the other side waited for room.</param>
/// <param name="Failed">Immediate signals that the hypervisor refused.</param>
/// <param name="LastFailure">The status of the last refusal.</param>
/// <param name="ModeChanges">Times an adaptive channel switched between deferred and immediate signals.</param>
internal readonly record struct SignalStatistics(
    long Monitored, long Hypercalls, long Promoted, long RoomSignals, long Failed, VmBus.Layout.HypercallStatus LastFailure, long ModeChanges)
{
    /// <summary>Signals of either kind.</summary>
    public long Total => Monitored + Hypercalls;
}

namespace VmBus.Tool;

/// <summary>One collection of a process's meter.</summary>
/// <param name="Time">When it ended, by that process's clock (UTC).</param>
/// <param name="Seconds">How long after the one before; <see langword="null"/> for the first.</param>
/// <param name="Channels">Its open channels, guest's ends first, by relid.</param>
/// <param name="Totals">What no channel owns: faults, refusals, failures of devices; by instrument.</param>
internal sealed record ProcessReading(DateTime Time, double? Seconds, IReadOnlyList<ProcessChannel> Channels, IReadOnlyDictionary<string, double> Totals);

/// <summary>One end of a channel.</summary>
/// <param name="Name">Which.</param>
/// <param name="Totals">Its counters since it was opened.</param>
/// <param name="Rates">How much they rose a second; <see langword="null"/> in a first reading.</param>
/// <param name="Outgoing">The ring it writes.</param>
/// <param name="Incoming">The ring it reads.</param>
internal sealed record ProcessChannel(ProcessChannelName Name, ProcessCounts Totals, ProcessCounts? Rates, TopRing Outgoing, TopRing Incoming);

/// <summary>The counters of a channel's end, as totals or as rates; <see langword="null"/> for what the process does not tell.</summary>
/// <param name="Sent">Packets sent.</param>
/// <param name="Received">Packets received.</param>
/// <param name="BytesSent">Bytes of ring they took.</param>
/// <param name="BytesReceived">The same of those received.</param>
/// <param name="Monitor">Signals by the monitor page.</param>
/// <param name="Hypercall">Signals by hypercall.</param>
/// <param name="NotEmpty">Publications without a signal: the ring was not empty.</param>
/// <param name="Masked">Publications without a signal: the reader had masked its interrupt.</param>
/// <param name="Wakeups">Signals of the other end that ended a wait.</param>
/// <param name="Refused">Sends refused for lack of room.</param>
internal sealed record ProcessCounts(
    double? Sent, double? Received, double? BytesSent, double? BytesReceived, double? Monitor, double? Hypercall, double? NotEmpty, double? Masked, double? Wakeups, double? Refused)
{
    /// <summary>The rise a second since an earlier reading. A counter that fell was reset: it has no rate.</summary>
    public ProcessCounts Since(ProcessCounts before, double seconds)
    {
        double? Rate(double? now, double? then) => now - then is { } rise and >= 0 ? rise / seconds : null;
        return new(
            Rate(Sent, before.Sent), Rate(Received, before.Received), Rate(BytesSent, before.BytesSent), Rate(BytesReceived, before.BytesReceived),
            Rate(Monitor, before.Monitor), Rate(Hypercall, before.Hypercall), Rate(NotEmpty, before.NotEmpty), Rate(Masked, before.Masked),
            Rate(Wakeups, before.Wakeups), Rate(Refused, before.Refused));
    }
}

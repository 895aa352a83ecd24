namespace VmBus.Tool;

/// <summary>What <c>vmbus monitor --measure</c> found.</summary>
/// <param name="Relid">The channel.</param>
/// <param name="Name">The class of its device.</param>
/// <param name="MonitorId">Its monitor.</param>
/// <param name="Samples">How many pairs of samples were asked for.</param>
/// <param name="Cells">A cell a hint.</param>
/// <param name="Calls">How long the hypercall took, where one can be made.</param>
internal sealed record WindowReport(uint Relid, string Name, int MonitorId, int Samples, IReadOnlyList<WindowCell> Cells, LatencyHistogram? Calls);

/// <summary>What was measured with one latency hint.</summary>
/// <param name="Hint">The hint.</param>
/// <param name="Lowest">The lowest hint of its trigger group, which the whole group is inspected by.</param>
/// <param name="Waits">Time a bit that was set at a random moment stayed set: what a message waits.</param>
/// <param name="Windows">Time from one inspection to the next: a bit that was set just when the one before was taken.</param>
/// <param name="NotTaken">Bits that were not taken within the limit.</param>
internal sealed record WindowCell(TimeSpan Hint, TimeSpan Lowest, LatencyHistogram Waits, LatencyHistogram Windows, int NotTaken);

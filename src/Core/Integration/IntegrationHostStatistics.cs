namespace VmBus.Integration;

/// <summary>What a host's component has counted.</summary>
/// <param name="Requests">Packets to send that were made, negotiations included.</param>
/// <param name="Answers">Answers that were waited for.</param>
/// <param name="Malformed">Of those, such as were too short or impossible.</param>
/// <param name="Stray">Answers without a request that waits for them, or not any more.</param>
/// <param name="Dropped">Packets that are no answers: too short, too long, or of another kind.</param>
/// <param name="TimedOut">Requests given up because no answer came in time.</param>
internal readonly record struct IntegrationHostStatistics(long Requests, long Answers, long Malformed, long Stray, long Dropped, long TimedOut);

namespace VmBus.Integration;

/// <summary>What a guest's component has counted.</summary>
/// <param name="Negotiations">Negotiations that found common versions.</param>
/// <param name="Answers">Requests of the component answered, with whatever status.</param>
/// <param name="Refused">Requests answered with a failure because of their type, version or order: nothing was done for them.</param>
/// <param name="Malformed">Requests answered with a failure because they were too short or their fields impossible.</param>
/// <param name="Dropped">Packets without an answer: too short to be a request, too long, or of another kind.</param>
internal readonly record struct IntegrationGuestStatistics(long Negotiations, long Answers, long Refused, long Malformed, long Dropped);

namespace VmBus.Linux;

/// <summary>What a daemon of <c>hv_utils</c> has counted.</summary>
/// <param name="Requests">Messages that the kernel has forwarded from the host.</param>
/// <param name="Failed">Of those, such as were answered with another status than success; the end of an enumeration is one.</param>
/// <param name="Late">Answers that the kernel did not take, because it had given the host one of its own by then.</param>
/// <param name="Malformed">Messages of another length than the service's. They get no answer.</param>
internal readonly record struct UtilDaemonStatistics(long Requests, long Failed, long Late, long Malformed);

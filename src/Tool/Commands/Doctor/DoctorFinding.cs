// What one backend can do here.

namespace VmBus.Tool;

/// <summary>One line of the diagnosis.</summary>
/// <param name="Backend">Which backend, or which part of one.</param>
/// <param name="Works">Whether it can work here.</param>
/// <param name="Found">What was found, for people.</param>
/// <param name="Missing">What exactly is missing and what would help; empty when it works.</param>
internal sealed record DoctorFinding(string Backend, bool Works, string Found, IReadOnlyList<string> Missing);

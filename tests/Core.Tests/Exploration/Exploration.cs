namespace VmBus.Core.Tests.Exploration;

/// <summary>What an exploration found.</summary>
/// <param name="States">Different states met.</param>
/// <param name="Steps">Steps tried, from all of them.</param>
/// <param name="Executions">
/// Complete executions covered: ways through the graph of states from its start to an end, each a different schedule.
/// Infinite when threads can go around in a circle.
/// </param>
/// <param name="Failure">What went wrong in the shortest bad schedule; <see langword="null"/> when nothing can.</param>
/// <param name="Schedule">That schedule, a step a line.</param>
/// <param name="Outcomes">What the threads' locals held at the ends, if that was asked for.</param>
internal sealed record Exploration(
    int States, long Steps, double Executions, string? Failure, IReadOnlyList<string> Schedule, IReadOnlySet<string> Outcomes);

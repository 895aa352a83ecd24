using System.Globalization;

namespace VmBus.Testing;

/// <summary>The result of <see cref="InterleavingScenario.Explore"/>. Immutable.</summary>
public sealed class ExplorationResult
{
    internal ExplorationResult(int states, long steps, double executions, string? failure, IReadOnlyList<string> schedule, IReadOnlySet<string> outcomes)
    {
        States = states;
        Steps = steps;
        Executions = executions;
        Failure = failure;
        Schedule = schedule;
        Outcomes = outcomes;
    }

    /// <summary>The number of distinct states.</summary>
    public int States { get; }

    /// <summary>
    /// The number of complete interleavings covered: the paths through the state graph from start to end.
    /// <see cref="double.PositiveInfinity"/> when threads can loop; 0 when there is a <see cref="Failure"/>.
    /// </summary>
    public double Executions { get; }

    /// <summary>The failure in the shortest failing interleaving; <see langword="null"/> if none fails.</summary>
    public string? Failure { get; }

    /// <summary>The shortest failing interleaving, one step per line; empty if none fails.</summary>
    public IReadOnlyList<string> Schedule { get; }

    /// <summary>How many steps were tried, over all states.</summary>
    internal long Steps { get; }

    /// <summary>What the threads' locals held at the ends, if that was asked for.</summary>
    internal IReadOnlySet<string> Outcomes { get; }

    /// <summary>The failure and its schedule, or the coverage: for the message of an assertion.</summary>
    public override string ToString() => Failure is null
        ? $"No failure in {Text(Executions)} interleavings ({States} states)."
        : string.Join(Environment.NewLine, [$"{Failure}. The shortest interleaving that shows it:", .. Schedule.Select(line => $"  {line}")]);

    private static string Text(double executions) => executions.ToString(executions < 1e6 ? "0" : "0.#e+0", CultureInfo.InvariantCulture);
}

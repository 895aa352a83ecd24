namespace VmBus.Benchmarks.Waiting;

/// <summary>Round trips under one spin budget with one pause between them.</summary>
/// <param name="BudgetUs">The longest that a wait spins, in microseconds.</param>
/// <param name="Adaptive">Whether waits that last longer make it spin less.</param>
/// <param name="ThinkUs">The pause between two round trips, in microseconds.</param>
/// <param name="RoundTrips">How many there were.</param>
/// <param name="P50Us">Half of them took no longer.</param>
/// <param name="P99Us">Nearly all took no longer.</param>
/// <param name="CpuUs">CPU time of both threads for each round trip, the pause itself left out.</param>
/// <param name="CpuPercent">The same against the time that passed: 200 is two cores kept busy.</param>
/// <param name="CaughtPercent">How many of the waits ended before they slept.</param>
internal sealed record WaitingCell(
    double BudgetUs, bool Adaptive, double ThinkUs, long RoundTrips, double P50Us, double P99Us, double CpuUs, double CpuPercent, double CaughtPercent)
{
    /// <summary>How a row of the table begins.</summary>
    public string Name => BudgetUs == 0 ? "no spin" : $"{(Adaptive ? "adaptive" : "fixed")} {BudgetUs:0} µs";

    /// <summary>The median of each figure over several runs of the same cell.</summary>
    /// <param name="runs">The runs.</param>
    /// <returns>One cell.</returns>
    public static WaitingCell Median(IReadOnlyList<WaitingCell> runs)
    {
        return runs[0] with
        {
            RoundTrips = (long)Middle(run => run.RoundTrips),
            P50Us = Middle(run => run.P50Us),
            P99Us = Middle(run => run.P99Us),
            CpuUs = Middle(run => run.CpuUs),
            CpuPercent = Middle(run => run.CpuPercent),
            CaughtPercent = Middle(run => run.CaughtPercent),
        };

        double Middle(Func<WaitingCell, double> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);
    }
}

// Latency against CPU time for several spin budgets, fixed and adaptive, at several paces.
//
//   dotnet run -c Release --project bench/Benchmarks -- waiting [--seconds 0.3] [--rounds 5] [--json FILE] [--plot FILE.png]

using System.Globalization;
using System.Text.Json;
using VmBus.Tool;

namespace VmBus.Benchmarks.Waiting;

/// <summary>The <c>waiting</c> verb.</summary>
internal static class WaitingRun
{
    private static readonly double[] Budgets = [5, 20, 50, 100, 200, 1000];
    private static readonly double[] Thinks = [0, 10, 50, 200, 1000];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Measures every cell in turn, several times round, and prints the medians.</summary>
    /// <param name="args">What follows the verb.</param>
    /// <param name="output">Gets the table.</param>
    /// <returns>0, or 2 when the arguments are wrong.</returns>
    public static int Run(ReadOnlySpan<string> args, TextWriter output)
    {
        TimeSpan duration = TimeSpan.FromSeconds(0.3);
        int rounds = 5;
        string? json = null, plot = null;
        for (; args.Length > 0; args = args[2..])
        {
            switch (args)
            {
                case ["--seconds", var seconds, ..] when double.TryParse(seconds, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 1000:
                    duration = TimeSpan.FromSeconds(value);
                    break;
                case ["--rounds", var count, ..] when int.TryParse(count, out rounds) && rounds > 0:
                    break;
                case ["--json", var file, ..]:
                    json = file;
                    break;
                case ["--plot", var file, ..]:
                    plot = file;
                    break;
                default:
                    output.WriteLine($"Not understood: {string.Join(' ', args.ToArray())}. waiting [--seconds S] [--rounds N] [--json FILE] [--plot FILE.png]");
                    return 2;
            }
        }

        MachineFacts machine = MachineFacts.Read();
        WaitingCell[] cells = Measure(duration, rounds);
        string conditions = FormattableString.Invariant(
            $"{machine.Cores} cores, {machine.OperatingSystem}, {machine.Runtime}; in memory, one process, a core each; median of {rounds} rounds of {duration.TotalSeconds} s a cell");
        Print(output, conditions, cells);
        if (json is not null)
            File.WriteAllText(json, JsonSerializer.Serialize(new { machine, seconds = duration.TotalSeconds, rounds, cells }, Indented));
        if (plot is not null)
            File.WriteAllBytes(plot, WaitingPlot.Render(cells, conditions));
        return 0;
    }

    private static WaitingCell[] Measure(TimeSpan duration, int rounds)
    {
        (double Budget, bool Adaptive)[] ways = [(0, false), .. Budgets.Select(budget => (budget, false)), .. Budgets.Select(budget => (budget, true))];
        RoundTrips.Measure(TimeSpan.FromMicroseconds(50), adaptive: true, TimeSpan.Zero, duration);     // for the JIT
        // Round after round, so that a disturbance falls on all alike.
        return
        [
            .. Enumerable.Range(0, rounds)
                .SelectMany(_ => Thinks.SelectMany(think => ways.Select(way =>
                    RoundTrips.Measure(TimeSpan.FromMicroseconds(way.Budget), way.Adaptive, TimeSpan.FromMicroseconds(think), duration))))
                .GroupBy(cell => (cell.ThinkUs, cell.Name))
                .Select(runs => WaitingCell.Median([.. runs])),
        ];
    }

    private static void Print(TextWriter output, string conditions, WaitingCell[] cells)
    {
        output.WriteLine("Round trips: latency against the CPU time of waiting");
        output.WriteLine($"  {conditions}");
        foreach (IGrouping<double, WaitingCell> pace in cells.GroupBy(cell => cell.ThinkUs))
        {
            output.WriteLine();
            output.WriteLine(pace.Key == 0 ? "  one after the other" : FormattableString.Invariant($"  {pace.Key} µs between two"));
            output.WriteLine("  wait              p50 µs    p99 µs  CPU µs each  CPU %  caught %");
            foreach (WaitingCell cell in pace)
                output.WriteLine(FormattableString.Invariant($"  {cell.Name,-16}{cell.P50Us,8:F1}{cell.P99Us,10:F1}{cell.CpuUs,13:F1}{cell.CpuPercent,7:F0}{cell.CaughtPercent,10:F0}"));
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using VmBus.Testing;
using Xunit;

namespace VmBus.Core.Tests.Exploration;

/// <summary>The proof: production code of the handshakes, every interleaving of it, three memory orders.</summary>
public class ExplorationTests(ITestOutputHelper output)
{
    private static readonly MemoryModel[] Models = Enum.GetValues<MemoryModel>();

    /// <summary>Each scenario, and how many states it has at the least where every access is performed in order.</summary>
    private static IEnumerable<(Scenario Scenario, int States)> Scenarios =>
    [
        (RingScenario.Of("mask and second look", RingScenario.Wakeups), 12_000),
        (RingScenario.Of("commit and request for room", RingScenario.Room), 34_000),
        (RingScenario.Of("packets of two words, wrapping", RingScenario.Packets), 40_000),
        (RingScenario.Of("the same, writer spins for room", RingScenario.Spinning), 7_500),
        (RingScenario.Producers(), 36_000),
        (SignalScenario.ModeSwitch(), 33_000),
        (SignalScenario.UrgentMessage(), 19_000),
        (SignalScenario.AfterTheSwitch(), 20_000),
        (SignalScenario.UrgentAmongSenders(), 300_000),
        (SignalScenario.UrgentFromEverySender(), 360_000),
        (SignalScenario.SwitchAmongSenders(), 220_000),
        (SignalScenario.Neighbours(), 8_000),
        (SignalScenario.SharedInterrupt(), 11_000),
        (FanoutScenario.Of(ModelFanout.Waiters), 53_000),
    ];

    [Fact]
    public void No_interleaving_loses_a_wakeup_signals_wrongly_or_tears_a_packet()
    {
        long start = Stopwatch.GetTimestamp();
        long states = 0;
        List<string> wrong = [];
        Row("scenario", "memory order", "states", "steps", "executions", "ms");
        foreach ((Scenario scenario, int floor) in Scenarios)
        {
            foreach (MemoryModel model in Models)
            {
                long began = Stopwatch.GetTimestamp();
                ExplorationResult found = Explorer.Run(scenario, model);
                states += found.States;
                Row(scenario.Name, Abbreviation(model), $"{found.States}", $"{found.Steps}",
                    found.Executions.ToString("0.0e+0", CultureInfo.InvariantCulture), $"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0}");
                if (found.Failure is { } failure)
                    wrong.Add($"{scenario.Name}, {model}: {failure}\n{Lines(found.Schedule)}");

                // An explorer that explores little is as good as none.
                else if (found.States < floor || found.Executions < 1e9 || !double.IsFinite(found.Executions))
                    wrong.Add($"{scenario.Name}, {model}: only {found.States} states and {found.Executions} executions");
            }
        }

        output.WriteLine($"{states} states in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public void Each_fence_each_look_and_each_order_is_missed_when_it_is_taken_away()
    {
        List<string> wrong = [];
        List<string> schedules = [];
        Row("mutant", "SC", "TSO", "weak", "steps", "what goes wrong");
        foreach (Mutant mutant in RingMutants.All.Concat(SignalMutants.All).Concat(FanoutMutants.All))
        {
            ExplorationResult[] found = [.. Models.Select(model => Shortest(mutant, model))];
            ExplorationResult shown = found[(int)mutant.Mildest];
            Row([mutant.Name, .. found.Select(f => f.Failure is null ? "-" : "caught"), $"{shown.Schedule.Count}", shown.Failure ?? "nothing"]);
            schedules.Add($"{mutant.Name}, {Abbreviation(mutant.Mildest)}: {shown.Failure}\n{Lines(shown.Schedule)}");
            foreach (MemoryModel model in Models)
            {
                if (found[(int)model].Failure is null == model >= mutant.Mildest)
                    wrong.Add($"{mutant.Name}, {model}: {found[(int)model].Failure ?? "not caught"}");
            }
        }

        foreach (string schedule in schedules)
            output.WriteLine($"\n{schedule}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static ExplorationResult Shortest(Mutant mutant, MemoryModel model)
    {
        ExplorationResult? found = null;
        foreach (Scenario scenario in mutant.Scenarios)
        {
            found = Explorer.Run(scenario, model);
            if (found.Failure is not null)
                break;
        }

        return found!;
    }

    private static string Abbreviation(MemoryModel model) => model switch
    {
        MemoryModel.SequentialConsistency => "SC",
        MemoryModel.TotalStoreOrder => "TSO",
        _ => "weak",
    };

    private static string Lines(IEnumerable<string> schedule) => string.Join('\n', schedule.Select(line => "    " + line));

    private void Row(params ReadOnlySpan<string> cells)
    {
        string line = cells[0].PadRight(50);
        for (int i = 1; i < cells.Length; i++)
            line += cells[i].Length > 12 ? "  " + cells[i] : cells[i].PadLeft(12);
        output.WriteLine(line);
    }
}

using System.Diagnostics;
using Xunit;

namespace VmBus.Core.Tests.Exploration;

public class RingExplorationTests(ITestOutputHelper output)
{
    [Fact]
    public void Scenarios()
    {
        foreach (Scenario scenario in new[] { RingScenario.Of("wakeups", RingScenario.Wakeups), RingScenario.Of("room", RingScenario.Room), RingScenario.Of("packets", RingScenario.Packets), RingScenario.Of("spin", RingScenario.Spinning), RingScenario.Producers() })
        {
            foreach (MemoryModel model in Enum.GetValues<MemoryModel>())
            {
                long start = Stopwatch.GetTimestamp();
                Exploration found = Explorer.Run(scenario, model);
                output.WriteLine($"{scenario.Name} {model}: {found.States} states {found.Steps} steps {found.Executions:G3} executions {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms {found.Failure}");
                foreach (string line in found.Schedule)
                    output.WriteLine("    " + line);
            }
        }
    }

    [Fact]
    public void Mutants()
    {
        foreach (Mutant mutant in RingMutants.All)
        {
            foreach (MemoryModel model in Enum.GetValues<MemoryModel>())
            {
                long start = Stopwatch.GetTimestamp();
                Exploration found = Explorer.Run(mutant.Scenario, model);
                bool ok = (found.Failure is not null) == (model >= mutant.Mildest);
                output.WriteLine($"{(ok ? "ok  " : "BAD ")} {mutant.Name} {model}: {found.States} states {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms {found.Failure}");
                if (model == mutant.Mildest && found.Schedule.Count > 0)
                {
                    foreach (string line in found.Schedule)
                        output.WriteLine("    " + line);
                }
            }
        }
    }
}

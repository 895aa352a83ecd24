using System.Globalization;
using System.Text;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>
/// Guest and host against each other, by chance, and a model that says what they must agree on. Both are honest; the pipes,
/// the clock and the devices are not kind. <c>VMBUS_MODEL_PLAYS</c> and <c>VMBUS_MODEL_SEED</c> play more, or others.
/// </summary>
public sealed class BothEndsTests(ITestOutputHelper output)
{
    private const int LeastOfEach = 10;

    private static ulong Setting(string name, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out ulong value) ? value : usual;

    [Fact]
    public void Two_honest_ends_agree_whatever_happens_between_them_and_leave_nothing_behind()
    {
        ulong plays = Setting("VMBUS_MODEL_PLAYS", 100_000), first = Setting("VMBUS_MODEL_SEED", 4_000_000);
        var tally = new Tally();
        ulong failed = ulong.MaxValue;
        Parallel.For(0L, (long)plays, () => new Tally(), (index, loop, mine) =>
        {
            if (loop.ShouldExitCurrentIteration)
                return mine;
            ulong seed = first + (ulong)index;
            if (Failure(seed, Step.Many(seed), mine) is not null)
            {
                Interlocked.CompareExchange(ref failed, seed, ulong.MaxValue);
                loop.Break();
            }

            return mine;
        }, mine =>
        {
            lock (tally)
                tally.Add(mine);
        });

        output.WriteLine(tally.ToString());
        if (failed != ulong.MaxValue)
            Assert.Fail(Shortest(failed));
        if (plays >= 100_000)
        {
            Assert.All(Enum.GetValues<Situation>(), situation => Assert.True(tally[situation] >= LeastOfEach, $"{situation} occurred {tally[situation]} times."));
            Assert.All(Enum.GetValues<Race>(), race => Assert.True(tally[race] >= LeastOfEach, $"{race} occurred {tally[race]} times."));
        }
    }

    private static Exception? Failure(ulong seed, ReadOnlySpan<Step> steps, Tally tally, Action<string>? log = null)
    {
        try
        {
            new Play(new PlaySetup(seed), tally, log).Run(steps);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    /// <summary>Takes steps out, ever smaller stretches of them, for as long as it still fails.</summary>
    private static string Shortest(ulong seed)
    {
        List<Step> steps = [.. Step.Many(seed)];
        var tally = new Tally();
        for (int stretch = Math.Max(1, steps.Count / 2); ; stretch = Math.Max(1, stretch / 2))
        {
            bool shrank = false;
            for (int at = 0; at < steps.Count;)
            {
                List<Step> fewer = [.. steps[..at], .. steps[Math.Min(at + stretch, steps.Count)..]];
                if (Failure(seed, fewer.ToArray(), tally) is null)
                {
                    at += stretch;
                }
                else
                {
                    steps = fewer;
                    shrank = true;
                }
            }

            if (stretch == 1 && !shrank)
                break;
        }

        var story = new StringBuilder();
        Exception? failure = Failure(seed, steps.ToArray(), tally, line => story.AppendLine(line));
        return $"Seed {seed}, {steps.Count} steps:\n{story}\n{failure}";
    }
}

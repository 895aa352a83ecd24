// Every contender in turn, slice by slice, so that whatever happens to the machine happens to all of them.

using System.Runtime.Versioning;

namespace VmBus.Compare;

/// <summary>Measures cases.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Comparison(Contenders contenders, CompareOptions options, Action<string> progress)
{
    private const double SliceAlone = 1.5e6;    // nanoseconds
    private const double SliceTogether = 2.5e6;

    private readonly Random _random = new();

    /// <summary>Measures all the cases that were asked for.</summary>
    public IReadOnlyList<CaseResult> Run()
    {
        using var duel = new Duel();
        if (!duel.HasTwoCores)
            progress("One core only: what needs two threads is left out.");
        Case[] cases = [.. Case.All.Where(options.Includes).Where(c => duel.HasTwoCores || !c.HasTwoThreads)];
        WarmUp(duel, cases);
        var samples = new Dictionary<(Case, string), List<Sample>>();
        for (int i = 0; i < cases.Length; i++)
        {
            progress($"{i + 1} of {cases.Length}: {cases[i]}");
            for (int placement = 0; placement < options.Placements; placement++)
                Measure(duel, cases[i], samples);
        }

        return [.. cases.Select(c => Summarize(c, [.. contenders.NamesFor(c).Select(name => (name, samples[(c, name)]))]))];
    }

    /// <summary>
    /// A machine is never quicker than when it is quiet: the fast tenth of a case's calibrations tells what quiet is. Of
    /// a case, not of the run: the processor's clock changes in minutes, and with the number of busy cores.
    /// </summary>
    private static CaseResult Summarize(Case @case, (string Name, List<Sample> Samples)[] contenders)
    {
        long[] calibrations = [.. contenders.SelectMany(entry => entry.Samples).Select(sample => sample.Calibration).Order()];
        long quiet = calibrations[calibrations.Length / 10];
        CoreDistance distance = CoreDistance.Of([.. contenders.SelectMany(entry => entry.Samples)]);
        return new CaseResult(@case, [.. contenders.Select(entry => Measured.From(entry.Name, entry.Samples, quiet, distance))])
        {
            Line = distance.Median,
            LineShare = distance.Share,
        };
    }

    /// <summary>One set of rings for each contender: where they lie in memory makes a difference, so there are several.</summary>
    private void Measure(Duel duel, Case @case, Dictionary<(Case, string), List<Sample>> samples)
    {
        byte[] payload = PayloadFor(@case);
        (string Name, IContender Contender)[] all = [.. contenders.NamesFor(@case).Select(name => (name, contenders.Create(name, @case, payload)))];
        try
        {
            int[] order = [.. Enumerable.Range(0, all.Length)];
            int[] counts = [.. all.Select(entry => CountFor(duel, @case, entry.Contender, payload))];
            for (int round = 0; round < options.Rounds; round++)
            {
                // Not always behind the same one, and in no rhythm that the machine may have too.
                _random.Shuffle(order);
                foreach (int turn in order)
                {
                    if (!samples.TryGetValue((@case, all[turn].Name), out List<Sample>? list))
                        samples[(@case, all[turn].Name)] = list = [];
                    list.Add(Slice(duel, @case, all[turn].Contender, counts[turn], payload));
                }
            }
        }
        finally
        {
            foreach ((_, IContender contender) in all)
                contender.Dispose();
        }
    }

    /// <summary>
    /// Runs every loop at every size before any is measured, so that the runtime has compiled all of it for good: it
    /// counts calls only after 100 ms without new code, and compiles what was called often in the background.
    /// </summary>
    private void WarmUp(Duel duel, Case[] cases)
    {
        for (int pass = 0; pass < 4; pass++)
        {
            progress($"warming up, {pass + 1} of 4");
            foreach (Case @case in cases.DistinctBy(c => (c.Shape, c.Payload)))
            {
                byte[] payload = PayloadFor(@case);
                foreach (string name in contenders.NamesFor(@case))
                {
                    using IContender contender = contenders.Create(name, @case, payload);
                    for (int i = 0; i < 10; i++)
                        Slice(duel, @case, contender, @case.Batch * 40, payload);
                }
            }

            Thread.Sleep(250);
        }
    }

    /// <summary>How many packets make a slice.</summary>
    private static int CountFor(Duel duel, Case @case, IContender contender, byte[] payload)
    {
        int count = @case.Batch * 200;
        double nanoseconds = Enumerable.Range(0, 12).Min(_ => Slice(duel, @case, contender, count, payload).Nanoseconds);
        double ways = @case.Shape == Shape.PingPong ? 2 : 1;
        int packets = (int)((@case.HasTwoThreads ? SliceTogether : SliceAlone) / (nanoseconds * ways));
        return Math.Max(packets / @case.Batch, 4) * @case.Batch;
    }

    private static byte[] PayloadFor(Case @case)
    {
        byte[] payload = new byte[@case.Payload];
        new Random(@case.Payload).NextBytes(payload);
        return payload;
    }

    private static Sample Slice(Duel duel, Case @case, IContender contender, int count, byte[] payload)
    {
        int packets = @case.Shape == Shape.PingPong ? 2 * count : count;
        Sample sample = @case.HasTwoThreads
            ? duel.Slice(() => contender.First(count), () => contender.Second(count), packets, out (long First, long Second) answers)
            : duel.Slice(() => contender.Alone(count), null, packets, out answers);
        long sum = @case.IsPipe ? (long)count * payload.Length : (long)count * (count - 1) / 2 + (long)count * payload[^1];
        Check(@case, @case.HasTwoThreads ? answers.Second : answers.First, sum);
        if (@case.HasTwoThreads)
            Check(@case, answers.First, @case.Shape == Shape.PingPong ? sum : 0);
        // One that sleeps gives its core away itself.
        return @case.Sleeps ? sample with { Preempted = false } : sample;
    }

    private static void Check(Case @case, long seen, long expected)
    {
        if (seen != expected)
            throw new InvalidOperationException($"{@case}: a contender read {seen} where {expected} was written.");
    }
}

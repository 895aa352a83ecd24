using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace VmBus.Fuzz.Hostile;

/// <summary>What a run has counted and found: a line now and then, the sum at its end, and whether it failed. Thread-safe.</summary>
internal sealed class RunReport(string name, HostileOptions options)
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly List<HonestEcho> _honest = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Footprint _footprint = new(options.Length);
    private TimeSpan _printed;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public bool IsOver => Elapsed >= options.Length || !_failures.IsEmpty;

    /// <summary>What the host's budgets say, for a line.</summary>
    public Func<string>? Budgets { get; set; }

    public void Count(string kind, long by = 1) => _counts.AddOrUpdate(kind, by, (_, before) => before + by);

    /// <summary>One more that must be served as long as the run goes on.</summary>
    public void Watch(HonestEcho echo)
    {
        lock (_honest)
            _honest.Add(echo);
    }

    public void Fail(string why) => _failures.Enqueue(why);

    public void FailUnless(bool holds, string why)
    {
        if (!holds)
            Fail(why);
    }

    /// <summary>Looks at everything that must hold at any time; prints a line when it is time for one.</summary>
    public void Check()
    {
        lock (_honest)
        {
            foreach (HonestEcho echo in _honest)
                FailUnless(echo.Gap < options.Patience, $"{echo.Name} was not served for {echo.Gap.TotalSeconds:F1} s");
        }

        if (_footprint.Look(Elapsed) is { } grown)
            Fail(grown);
        if (Elapsed - _printed >= options.Every)
        {
            _printed = Elapsed;
            Print();
        }
    }

    /// <summary>Prints the sum, and says how the run ended.</summary>
    public int End()
    {
        Print();
        foreach (KeyValuePair<string, long> count in _counts.OrderBy(count => count.Key, StringComparer.Ordinal))
            Say($"    {count.Value,12} {count.Key}");
        lock (_honest)
        {
            foreach (HonestEcho echo in _honest)
                Say($"    {echo.Served,12} packets of {echo.Name} served, the longest gap {echo.LongestGap.TotalMilliseconds:F0} ms");
            FailUnless(_honest.All(echo => echo.Served > 0), "nothing honest was served at all");
        }

        Say($"    {_footprint.Peaks}");
        foreach (string failure in _failures)
            Say($"FAILED: {failure}");
        Say($"hostile {name}: {(_failures.IsEmpty ? "passed" : "FAILED")} after {Elapsed.TotalSeconds:F0} s, seed {options.Seed}");
        return _failures.IsEmpty ? 0 : 1;
    }

    private void Print()
    {
        long served;
        TimeSpan gap;
        lock (_honest)
        {
            served = _honest.Sum(echo => echo.Served);
            gap = _honest.Count == 0 ? TimeSpan.Zero : _honest.Max(echo => echo.LongestGap);
        }

        Say($"hostile {name} {Elapsed.TotalSeconds,6:F0} s: served {served}, longest gap {gap.TotalMilliseconds:F0} ms, {_footprint.Now}, {Environment.CpuUsage.TotalTime / Elapsed:P0} of a processor; {Budgets?.Invoke()}");
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}

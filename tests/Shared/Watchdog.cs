// Ends the test program when a test hangs, and says which; says once a minute what still runs.

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace VmBus.Tests;

/// <summary>
/// A limit for each test. A test that waits on its thread cannot be stopped from outside, and one that is left behind would
/// hold up the rest; so the program ends, and names the test. It looks from a thread of its own, which needs no thread pool.
/// </summary>
internal static class Watchdog
{
    /// <summary>What the program ends with when a test hung.</summary>
    public const int ExitCode = 86;

    /// <summary>The environment variable that gives every test the same limit, in seconds.</summary>
    public const string LimitVariable = "VMBUS_TEST_LIMIT";

    /// <summary>
    /// The environment variable that names a file to which its lines are appended too: `dotnet test` keeps a program's
    /// standard error to itself until the program has failed.
    /// </summary>
    public const string LogVariable = "VMBUS_TEST_LOG";

    private static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan? LimitForAll = ReadLimit();
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(Math.Min(60, LimitForAll?.TotalSeconds / 2 ?? 60));
    private static readonly ConcurrentDictionary<string, Running> Tests = new();
    private static readonly Lock Starting = new();
    private static Thread? _thread;
    private static string _lastEnded = "none";
    private static long _lastEvent;

    /// <summary>A test starts. Any thread.</summary>
    /// <param name="id">Of this test only.</param>
    /// <param name="name">As reported.</param>
    /// <param name="limit">Null: the limit of all.</param>
    public static void Started(string id, string name, TimeSpan? limit)
    {
        Volatile.Write(ref _lastEvent, Stopwatch.GetTimestamp());
        Tests[id] = new Running(name, LimitForAll ?? limit ?? DefaultLimit, Stopwatch.GetTimestamp());
        lock (Starting)
        {
            if (_thread is not null)
                return;
            _thread = new Thread(Watch) { IsBackground = true, Name = "watchdog" };
            _thread.Start();
        }
    }

    /// <summary>A test has ended. Any thread.</summary>
    public static void Ended(string id)
    {
        if (Tests.TryRemove(id, out Running? test))
            _lastEnded = test.Name;
        Volatile.Write(ref _lastEvent, Stopwatch.GetTimestamp());
    }

    /// <summary>Ends the program now: for a test that cannot be left because a thread of it still runs over its memory.</summary>
    /// <param name="reason">Said after the names of the tests that run.</param>
    public static void End(string reason)
    {
        Say($"{Names(Tests.Values)}: {reason}. The program ends: what the test would give back is still in use.");
        Exit();
    }

    private static TimeSpan? ReadLimit()
        => Environment.GetEnvironmentVariable(LimitVariable) is { Length: > 0 } seconds ? TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) : null;

    private static void Watch()
    {
        while (true)
        {
            Thread.Sleep(250);
            foreach ((string id, Running test) in Tests)
            {
                TimeSpan elapsed = Stopwatch.GetElapsedTime(test.Start);
                if (elapsed > test.Limit && Tests.ContainsKey(id))
                {
                    Running[] others = [.. Tests.Where(one => one.Key != id).Select(one => one.Value)];
                    Say($"TEST HANGS: {test.Name}, {Seconds(elapsed)}, limit {Seconds(test.Limit)}. Beside it runs: {Names(others)}");
                    Exit();
                }
                else if (elapsed >= test.NextReport)
                {
                    test.NextReport += ReportEvery;
                    Say($"still running: {test.Name}, {Seconds(elapsed)}");
                }
            }

            // A fixture that hangs, or a thread that keeps the program from ending.
            TimeSpan silence = Stopwatch.GetElapsedTime(Volatile.Read(ref _lastEvent));
            if (Tests.IsEmpty && silence > (LimitForAll ?? DefaultLimit))
            {
                Say($"NO TEST RUNS, and the program does not end, for {Seconds(silence)} after {_lastEnded}");
                Exit();
            }
        }
    }

    private static string Names(ICollection<Running> tests)
        => tests.Count == 0 ? "no other test" : string.Join(", ", tests.Select(test => $"{test.Name}, {Seconds(Stopwatch.GetElapsedTime(test.Start))}"));

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F0} s");

    // Not by Console.Error, which a test may have replaced.
    private static void Say(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + Environment.NewLine);
        using Stream error = Console.OpenStandardError();
        error.Write(bytes);
        error.Flush();
        if (Environment.GetEnvironmentVariable(LogVariable) is { Length: > 0 } log)
        {
            using FileStream file = new(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(bytes);
        }
    }

    // What runs at the end of a process may wait for what hangs.
    private static void Exit()
    {
        new Thread(() =>
        {
            Thread.Sleep(TimeSpan.FromSeconds(10));
            Environment.FailFast("The program does not end.");
        })
        { IsBackground = true }.Start();
        Environment.Exit(ExitCode);
    }

    private sealed class Running(string name, TimeSpan limit, long start)
    {
        public string Name { get; } = name;

        public TimeSpan Limit { get; } = limit;

        public long Start { get; } = start;

        public TimeSpan NextReport { get; set; } = ReportEvery;
    }
}

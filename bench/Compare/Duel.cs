// Two threads on a core each, started together, again and again.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Compare;

/// <summary>Runs one slice after another, on one thread or on two, each kept to a core of its own.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Duel : IDisposable
{
    private const double LostAtMost = .01;

    private readonly LineProbe _line = new();
    private readonly Barrier _barrier = new(3);
    private readonly Thread[] _threads;
    private readonly Run[] _runs = [new(), new()];
    private readonly Func<long>?[] _work = new Func<long>?[2];
    private int _together;
    private bool _hasTwo;
    private volatile bool _ended;

    public Duel()
    {
        int[] allowed = ThreadScheduling.GetAffinity();
        HasTwoCores = allowed.Length > 1;
        _threads = [.. Enumerable.Range(0, 2).Select(i => new Thread(() => Loop(i, i == 0 ? allowed[^1] : allowed[0])) { IsBackground = true, Name = $"side {i}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Whether two sides can really run at once.</summary>
    public bool HasTwoCores { get; }

    /// <summary>Runs a slice.</summary>
    /// <param name="first">The first side.</param>
    /// <param name="second">The second; <see langword="null"/> when there is one only.</param>
    /// <param name="packets">What the time is divided by.</param>
    /// <param name="answers">What the sides answered.</param>
    public Sample Slice(Func<long> first, Func<long>? second, int packets, out (long First, long Second) answers)
    {
        _work[0] = first;
        _work[1] = second;
        _together = second is null ? 1 : 2;
        _hasTwo = second is not null;
        _barrier.SignalAndWait();
        _barrier.SignalAndWait();
        IEnumerable<Run> sides = _runs.Take(second is null ? 1 : 2);
        if (sides.FirstOrDefault(run => run.Error is not null)?.Error is { } error)
            throw new InvalidOperationException("A side of the slice failed.", error);
        answers = (_runs[0].Answer, _runs[1].Answer);
        long ticks = sides.Max(run => run.End) - sides.Max(run => run.Start);
        return new Sample(
            ticks * 1e9 / Stopwatch.Frequency / packets,
            sides.Max(run => run.Calibration),
            sides.Any(run => run.Preempted),
            second is null ? 0 : Math.Min(_runs[0].LineBefore, _runs[0].LineBehind),
            second is null ? 0 : Math.Max(_runs[0].LineBefore, _runs[0].LineBehind));
    }

    public void Dispose()
    {
        _ended = true;
        _barrier.SignalAndWait();
        foreach (Thread thread in _threads)
            thread.Join();
        _barrier.Dispose();
    }

    private void Loop(int side, int core)
    {
        ThreadScheduling.SetAffinity([core]);
        while (true)
        {
            _barrier.SignalAndWait();
            if (_ended)
                return;
            if (_work[side] is { } work)
                Measure(side, _runs[side], work);
            _barrier.SignalAndWait();
        }
    }

    private void Measure(int side, Run run, Func<long> work)
    {
        run.Error = null;
        try
        {
            long before = Calibration.Run();
            Interlocked.Decrement(ref _together);
            while (Volatile.Read(ref _together) > 0)
                Pause.Once();
            if (_hasTwo)
                run.LineBefore = _line.Run(side);
            TimeSpan used = ThreadScheduling.ThreadCpuTime();
            run.Start = Stopwatch.GetTimestamp();
            run.Answer = work();
            run.End = Stopwatch.GetTimestamp();
            used = ThreadScheduling.ThreadCpuTime() - used;

            // A kernel thread's few microseconds do not count; a time slice of another process does.
            run.Preempted = used.TotalSeconds * Stopwatch.Frequency < (run.End - run.Start) * (1 - LostAtMost);
            run.Calibration = Math.Max(before, Calibration.Run());
        }
        catch (Exception error)
        {
            run.Error = error;
        }

        // Also where this side failed: the other waits for it.
        if (_hasTwo)
            run.LineBehind = _line.Run(side);
    }

    private sealed class Run
    {
        public long Start { get; set; }

        public long End { get; set; }

        public long Answer { get; set; }

        public long Calibration { get; set; }

        public bool Preempted { get; set; }

        public double LineBefore { get; set; }

        public double LineBehind { get; set; }

        public Exception? Error { get; set; }
    }
}

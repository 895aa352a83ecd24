// Times the hypervisor: how long a bit of the monitor page stays set. No host has to take part, so it works on any guest.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Tool;

/// <summary>Measures the window of one channel's monitor.</summary>
/// <remarks>
/// The channel's ring is empty, so a signal says "look" where there is nothing: the host wakes, finds that, and sleeps. This
/// is why there are few of them, and a pause between them.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class WindowRun
{
    // Between two looks at the bit, of the hint. A processor that is looked at without a pause is one the hypervisor may need for
    // its own look; a pause longer than this would be in the result.
    private const int LooksAWindow = 20;
    private static readonly TimeSpan LeastNap = TimeSpan.FromMicroseconds(25);

    // After this many bits that stay set, the page counts as not inspected.
    private const int Hopeless = 3;

    private readonly WindowOptions _options;
    private readonly ChannelSignaler _signaler;
    private readonly MonitorPageView _page;
    private readonly int _monitorId;
    private readonly Random _random = new(0);

    /// <summary>Prepares to measure.</summary>
    /// <param name="options">What.</param>
    /// <param name="signaler">The signals of a channel that has a monitor, and no other user meanwhile.</param>
    /// <param name="page">The guest-to-host monitor page.</param>
    /// <param name="monitorId">The channel's monitor in it.</param>
    public WindowRun(WindowOptions options, ChannelSignaler signaler, MonitorPageView page, int monitorId)
    {
        _options = options;
        _signaler = signaler;
        _page = page;
        _monitorId = monitorId;
    }

    /// <summary>Measures each hint, and goes back to the one that was there.</summary>
    /// <exception cref="ToolException">The hypervisor does not inspect the page.</exception>
    /// <exception cref="OperationCanceledException">It was told to stop.</exception>
    public (IReadOnlyList<WindowCell> Cells, LatencyHistogram? Calls) Measure(CancellationToken cancellationToken)
    {
        TimeSpan before = _signaler.LatencyHint;
        ThreadScheduling.SetTimerSlack(1);
        List<WindowCell> cells = [];
        try
        {
            foreach (TimeSpan hint in _options.Hints.Count > 0 ? _options.Hints : [before])
            {
                if (hint != _signaler.LatencyHint)
                    _signaler.SetLatencyHint(hint);
                cells.Add(Measure(hint, cancellationToken));
            }

            return (cells, (_signaler.Capabilities & SignalCapabilities.Hypercall) != 0 ? Calls(cancellationToken) : null);
        }
        finally
        {
            if (before != _signaler.LatencyHint)
                _signaler.SetLatencyHint(before);
        }
    }

    private WindowCell Measure(TimeSpan hint, CancellationToken cancellationToken)
    {
        TimeSpan lowest = MonitorPageCopy.Of(_page).Lowest(_monitorId / MonitorPage.MonitorsPerGroup)?.Latency ?? hint;
        LatencyHistogram waits = new(), windows = new();
        int notTaken = 0;
        // A hint is followed from the next inspection on.
        TrySignal(null, hint, cancellationToken);
        for (int sample = 0; sample < _options.Samples && !(notTaken >= Hopeless && waits.Count == 0); sample++)
        {
            // Somewhere in a window, as a message would come.
            Pause(_options.Pace + hint * _random.NextDouble(), cancellationToken);
            if (!TrySignal(waits, hint, cancellationToken))
                notTaken++;
            else if (!TrySignal(windows, hint, cancellationToken))
                notTaken++;
        }

        if (waits.Count == 0)
            throw new ToolException($"monitor {_monitorId} was not inspected within {Units.Duration(_options.Limit)}: no hypervisor looks at its bit");
        return new WindowCell(hint, lowest, waits, windows, notTaken);
    }

    // Sets the bit and looks until it is clear. A bit that is not taken stays set: only the hypervisor clears it.
    private bool TrySignal(LatencyHistogram? times, TimeSpan hint, CancellationToken cancellationToken)
    {
        ref uint pending = ref _page.Pending(_monitorId / MonitorPage.MonitorsPerGroup);
        TimeSpan nap = hint / LooksAWindow;
        uint bit = 1u << _monitorId % MonitorPage.MonitorsPerGroup;
        long start = Stopwatch.GetTimestamp();
        _signaler.Signal(Urgency.Relaxed);
        while (true)
        {
            bool isTaken = (Volatile.Read(ref pending) & bit) == 0;
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            if (isTaken)
            {
                times?.Record((long)took.TotalNanoseconds);
                return true;
            }

            if (took > _options.Limit)
                return false;
            cancellationToken.ThrowIfCancellationRequested();
            if (nap >= LeastNap)
                ThreadScheduling.NanoSleep(nap);
        }
    }

    private LatencyHistogram Calls(CancellationToken cancellationToken)
    {
        LatencyHistogram calls = new();
        for (int sample = 0; sample < _options.Samples; sample++)
        {
            Pause(_options.Pace, cancellationToken);
            long start = Stopwatch.GetTimestamp();
            _signaler.Signal(Urgency.Urgent);
            calls.Record((long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return calls;
    }

    // Sleeps have a resolution of 1 ms and end when a timer does: the rest is spent looking at the clock, or every message would
    // come at the same moment of its window.
    private static void Pause(TimeSpan time, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        if (cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(Math.Floor(time.TotalMilliseconds) - 1)))
            cancellationToken.ThrowIfCancellationRequested();
        while (Stopwatch.GetElapsedTime(start) < time)
            Thread.SpinWait(1);
    }
}

// Examines the monitor pages when the hypervisor's clock says so, on whatever thread moves the clock. Each examination is
// made at the time it was due, however far the clock was moved at once, so a run is the same in small steps and in large.

using VmBus.Hosting;

namespace VmBus.InMemory;

internal sealed class SteppedMonitorScanner : MonitorScanner
{
    private readonly ITimer _timer;
    private readonly bool _coarse;
    private long _next = MonitorExaminer.Never;
    private bool _running;
    private bool _kicked;
    private bool _stopped;

    public SteppedMonitorScanner(Hypervisor hypervisor) : base(() => hypervisor.ReferenceTime)
    {
        TimeProvider clock = hypervisor.Options.Clock;
        // The system's timers count in milliseconds and round down, which would make the last one a busy loop.
        _coarse = clock == TimeProvider.System;
        _timer = clock.CreateTimer(static scanner => ((SteppedMonitorScanner)scanner!).Run(kicked: false), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override void Kick() => Run(kicked: true);

    public TimeSpan? Step()
    {
        Run(kicked: false);
        lock (Sync)
            return _next == MonitorExaminer.Never ? null : TimeSpan.FromTicks(_next);
    }

    public override void Dispose()
    {
        lock (Sync)
            _stopped = true;
        _timer.Dispose();
    }

    private void Run(bool kicked)
    {
        lock (Sync)
        {
            _kicked |= kicked;
            // A signal made by an examination came back here: the outer call goes on.
            if (_running || _stopped)
                return;
            _running = true;
            try
            {
                RunDue();
            }
            finally
            {
                _running = false;
            }
            Schedule();
        }
    }

    private void RunDue()
    {
        while (true)
        {
            if (_next <= Now)
            {
                SkipIdle(Now);
                _next = ExamineAll(_next);
            }
            else if (_kicked)
            {
                _kicked = false;
                _next = ExamineAll(Now);
            }
            else
            {
                return;
            }
        }
    }

    // A clock moved by an hour at once would mean millions of examinations of nothing.
    private void SkipIdle(long now)
    {
        foreach (MonitorExaminer examiner in Examiners)
        {
            if (examiner.HasPending)
                return;
        }
        foreach (MonitorExaminer examiner in Examiners)
            examiner.SkipIdle(now);
    }

    private void Schedule()
    {
        if (_stopped)
            return;
        if (_next == MonitorExaminer.Never)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }
        TimeSpan wait = TimeSpan.FromTicks(Math.Max(_next - Now, 1));
        if (_coarse)
            wait = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }
}

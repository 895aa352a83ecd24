// A thread that examines the monitor pages in real time. It sleeps while the next examination is far, because a sleep
// comes back late by half its length, and spins when it is near.

using VmBus.Interop;

namespace VmBus.Hosting;

internal sealed class ThreadedMonitorScanner : MonitorScanner
{
    // A sleep of 100 us comes back after 135 us at the median and 500 us at the 99th percentile, even with the timer
    // slack at 1 ns; elsewhere than on Linux sleeps are counted in milliseconds.
    private static readonly TimeSpan SpinBefore = OperatingSystem.IsLinux() ? TimeSpan.FromMicroseconds(200) : TimeSpan.FromMilliseconds(3);

    private const int PausesBetweenYields = 10;

    private readonly Action? _started;
    private readonly WakeGate _kick = new();
    private Thread? _thread;
    private volatile bool _stopped;

    public ThreadedMonitorScanner(Func<long> clock, Action? started) : base(clock) => _started = started;

    public override void Kick() => _kick.Set();

    public override void Dispose()
    {
        Thread? thread;
        lock (Sync)
        {
            _stopped = true;
            thread = _thread;
        }
        _kick.Set();
        thread?.Join();
    }

    protected override void OnAdded()
    {
        lock (Sync)
        {
            if (_thread is not null || _stopped)
                return;
            var thread = new Thread(Run) { IsBackground = true, Name = "vmbus-monitor" };
            // Fails when the process has no descriptor or memory left; there is then no thread to end.
            thread.Start();
            _thread = thread;
        }
    }

    private void Run()
    {
        _started?.Invoke();
        if (OperatingSystem.IsLinux())
            ThreadScheduling.SetTimerSlack(1);
        while (true)
        {
            // The kick is taken before the looks that it asks for: taken behind the look at the flag it could be the one of
            // Dispose, and the thread would wait for ever.
            _kick.TryConsume();
            if (_stopped)
                return;
            long next;
            lock (Sync)
                next = ExamineAll(Now);
            WaitUntil(next);
        }
    }

    private void WaitUntil(long due)
    {
        while (!_kick.IsSet)
        {
            if (due == MonitorExaminer.Never)
            {
                _kick.Wait(Timeout.InfiniteTimeSpan);
                return;
            }
            long remaining = due - Now;
            if (remaining <= 0)
                return;
            if (remaining > SpinBefore.Ticks)
            {
                if (_kick.Wait(TimeSpan.FromTicks(remaining) - SpinBefore))
                    return;
                continue;
            }
            Thread.SpinWait(PausesBetweenYields);
            // Guest and host may share this core with the scan; they are what the scan is for.
            Thread.Yield();
        }
    }
}

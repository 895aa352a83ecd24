using System.Diagnostics;

namespace VmBus.Interop.Tests.Linux;

public class ThreadSchedulingTests
{
    // On threads of their own: what they set would stay with a pooled one.
    [Fact]
    public void Timer_slack_is_set_for_the_calling_thread_alone()
    {
        int before = Slack();
        int inside = 0;

        Background.Run(() =>
        {
            ThreadScheduling.SetTimerSlack(1);
            inside = Slack();
        }).Join();

        Assert.Equal(1, inside);
        Assert.Equal(before, Slack());
        Assert.Throws<ArgumentOutOfRangeException>(() => ThreadScheduling.SetTimerSlack(0));
    }

    private static int Slack() => Libc.ProcessControl(Libc.ControlGetTimerSlack, 0, 0, 0, 0);

    [Fact]
    public void Affinity_binds_the_calling_thread()
    {
        int[] allowed = ThreadScheduling.GetAffinity();
        Assert.NotEmpty(allowed);

        Background.Run(() =>
        {
            foreach (int cpu in allowed)
            {
                ThreadScheduling.SetAffinity([cpu]);
                Assert.Equal([cpu], ThreadScheduling.GetAffinity());
                Assert.Equal(cpu, Thread.GetCurrentProcessorId());
            }
            ThreadScheduling.SetAffinity(allowed);
            Assert.Equal(allowed, ThreadScheduling.GetAffinity());
        }).Join();

        Assert.Equal(allowed, ThreadScheduling.GetAffinity());
    }

    [Fact]
    public void Affinity_to_no_usable_CPU_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ThreadScheduling.SetAffinity([]));
        Assert.Throws<ArgumentException>(() => ThreadScheduling.SetAffinity([-1]));
        Assert.Throws<ArgumentException>(() => ThreadScheduling.SetAffinity([8192]));
        ErrnoException error = Assert.Throws<ErrnoException>(() => ThreadScheduling.SetAffinity([8191]));
        Assert.Equal("sched_setaffinity to CPUs 8191 failed: Invalid argument (errno 22)", error.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(12_345_678)]
    public void A_sleep_is_never_shorter_than_asked(long ticks)
    {
        TimeSpan time = TimeSpan.FromTicks(ticks);
        long started = Stopwatch.GetTimestamp();

        ThreadScheduling.NanoSleep(time);

        Assert.True(Stopwatch.GetElapsedTime(started) >= time);
    }

    [Fact]
    public void Signals_do_not_shorten_a_sleep()
    {
        using var storm = new SignalStorm();
        TimeSpan time = TimeSpan.FromMilliseconds(200);
        long before, began = Stopwatch.GetTimestamp();
        do
        {
            before = storm.Sent;
            long started = Stopwatch.GetTimestamp();

            ThreadScheduling.NanoSleep(time);

            Assert.True(Stopwatch.GetElapsedTime(started) >= time);
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience.Limit, "No signal came in a sleep.");
        }
        while (storm.Sent <= before + 1);
    }

    [Fact]
    public void A_negative_sleep_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ThreadScheduling.NanoSleep(TimeSpan.FromTicks(-1)));

    [Fact]
    public void CPU_time_passes_with_work_and_counts_this_thread_and_the_whole_process()
    {
        TimeSpan work = TimeSpan.FromMilliseconds(30);
        TimeSpan thread = ThreadScheduling.ThreadCpuTime(), process = ThreadScheduling.ProcessCpuTime();
        ResourceUsage usage = ResourceUsage.OfProcess();
        long started = Stopwatch.GetTimestamp();
        TimeSpan worked = default;

        // Work on another thread counts for the process and not for this one.
        Background.Run(() =>
        {
            while ((worked = ThreadScheduling.ThreadCpuTime()) < work)
                Assert.True(Stopwatch.GetElapsedTime(started) < Patience.Limit, "No CPU time passed.");
        }).Join();

        Assert.InRange(worked, work, Patience.Limit);
        Assert.True(ThreadScheduling.ProcessCpuTime() - process >= work);
        Assert.True(ThreadScheduling.ThreadCpuTime() - thread < Stopwatch.GetElapsedTime(started));
        ResourceUsage used = ResourceUsage.OfProcess() - usage;
        Assert.True(used.UserTime + used.SystemTime > TimeSpan.Zero);
    }

    [Fact]
    public void Sleeping_gives_the_CPU_up_and_is_counted_for_this_thread()
    {
        ResourceUsage before = ResourceUsage.OfThread();

        // A thread that loses its CPU on the way to sleep may be over its time before it sleeps: that switch counts as involuntary.
        ResourceUsage used = default;
        int sleeps = 0;
        for (; sleeps < 10 || used.VoluntaryContextSwitches < 10; sleeps++)
        {
            Assert.True(sleeps < 10 + used.InvoluntaryContextSwitches, $"{sleeps} sleeps: {used.VoluntaryContextSwitches} voluntary switches, {used.InvoluntaryContextSwitches} others.");
            ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(1));
            used = ResourceUsage.OfThread() - before;
        }

        Assert.InRange(used.VoluntaryContextSwitches, 10, 10_000);
        Assert.True(used.InvoluntaryContextSwitches >= 0);
    }

    [Fact]
    public void Touching_fresh_pages_is_counted_as_faults()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(64L * Environment.SystemPageSize);
        ResourceUsage before = ResourceUsage.OfThread();

        memory.AsSpan().Fill(1);

        ResourceUsage used = ResourceUsage.OfThread() - before;
        Assert.True(used.MinorFaults + used.MajorFaults >= 1);
    }

    [Fact]
    public void A_signal_that_does_not_exist_is_refused()
    {
        ErrnoException error = Assert.Throws<ErrnoException>(() => ThreadScheduling.SetParentDeathSignal(1000));

        Assert.Equal(Errno.InvalidArgument, error.Errno);
        Assert.Contains("PR_SET_PDEATHSIG, 1000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sleeping_yielding_and_reading_times_allocate_nothing() =>
        Assert.Equal(0, Allocations.Of(() =>
        {
            ThreadScheduling.NanoSleep(TimeSpan.Zero);
            ThreadScheduling.Yield();
            _ = ThreadScheduling.ThreadCpuTime() + ThreadScheduling.ProcessCpuTime();
            _ = ResourceUsage.OfProcess() - ResourceUsage.OfThread();
        }));
}

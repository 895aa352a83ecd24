// How the calling thread is scheduled, how it sleeps, and what it has used. Mirrors prctl(2), sched_yield(2),
// sched_setaffinity(2), clock_nanosleep(2) and clock_gettime(2).

using System.Numerics;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// Scheduling of the calling thread. What is set here stays with the operating system's thread: set it on threads
/// of one's own, not on those of the pool.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class ThreadScheduling
{
    // 8192 CPUs, the most that CONFIG_NR_CPUS admits on the architectures .NET runs on.
    private const int AffinityWords = 128;

    /// <summary>Sets how late the kernel may let sleeps and polls of this thread end, to fold timers together.</summary>
    /// <param name="nanoseconds">From 1 on; the default is 50000. Real-time threads have none whatever is set.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nanoseconds"/> is not positive.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void SetTimerSlack(long nanoseconds)
    {
        // 0 would mean "back to the default", the opposite of what it looks like.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nanoseconds);
        if (Libc.ProcessControl(Libc.ControlSetTimerSlack, (nuint)nanoseconds, 0, 0, 0) < 0)
            throw ErrnoException.FromLastCall($"prctl(PR_SET_TIMERSLACK, {nanoseconds} ns)");
    }

    /// <summary>Lets another thread that is ready run on this CPU (<c>sched_yield</c>).</summary>
    /// <remarks>
    /// The garbage collector may run meanwhile. Suppressing that transition would save a few nanoseconds, but while
    /// this thread is off the CPU, which can be a whole time slice, every other thread would wait for it to collect.
    /// </remarks>
    // Linux documents no failure.
    public static void Yield() => _ = Libc.SchedulerYield();

    /// <summary>Restricts the calling thread to some CPUs.</summary>
    /// <param name="cpus">Their numbers, from 0; at least one must be there and allowed.</param>
    /// <exception cref="ArgumentException">No CPU, or a number that no kernel has.</exception>
    /// <exception cref="ErrnoException"><see cref="Errno.InvalidArgument"/> when none of them can be used.</exception>
    public static unsafe void SetAffinity(ReadOnlySpan<int> cpus)
    {
        if (cpus.IsEmpty)
            throw new ArgumentException("A thread needs at least one CPU to run on.", nameof(cpus));
        Span<ulong> mask = stackalloc ulong[AffinityWords];
        mask.Clear();
        foreach (int cpu in cpus)
        {
            if ((uint)cpu >= AffinityWords * 64)
                throw new ArgumentException($"CPU {cpu} is not within 0 to {AffinityWords * 64 - 1}.", nameof(cpus));
            mask[cpu / 64] |= 1UL << (cpu % 64);
        }
        fixed (ulong* words = mask)
        {
            if (Libc.SetAffinity(0, AffinityWords * sizeof(ulong), words) < 0)
                throw ErrnoException.FromLastCall($"sched_setaffinity to CPUs {string.Join(",", cpus.ToArray())}");
        }
    }

    /// <summary>The CPUs the calling thread may run on, in ascending order.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe int[] GetAffinity()
    {
        Span<ulong> mask = stackalloc ulong[AffinityWords];
        mask.Clear();
        fixed (ulong* words = mask)
        {
            if (Libc.GetAffinity(0, AffinityWords * sizeof(ulong), words) < 0)
                throw ErrnoException.FromLastCall("sched_getaffinity");
        }
        var cpus = new List<int>();
        for (int word = 0; word < AffinityWords; word++)
        {
            for (ulong left = mask[word]; left != 0; left &= left - 1)
                cpus.Add(word * 64 + BitOperations.TrailingZeroCount(left));
        }
        return [.. cpus];
    }

    /// <summary>Sleeps on the monotonic clock, in full even when a signal handler runs in between.</summary>
    /// <param name="duration">How long, in steps of 100 ns; never shorter, and later by the timer slack and the scheduler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="duration"/> is negative.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe void NanoSleep(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        // Until a moment, not for a while: a restart after EINTR then needs no arithmetic and adds no error.
        const long NanosecondsPerSecond = 1_000_000_000;
        Timespec until = Now(Libc.ClockMonotonic);
        Timespec whole = Timespec.From(duration);
        until.Seconds += whole.Seconds;
        until.Nanoseconds += whole.Nanoseconds;
        if (until.Nanoseconds >= NanosecondsPerSecond)
        {
            until.Seconds++;
            until.Nanoseconds -= NanosecondsPerSecond;
        }
        Errno error;
        do
        {
            error = (Errno)Libc.ClockNanoSleep(Libc.ClockMonotonic, Libc.TimerAbsolute, &until, null);
        }
        while (error == Errno.Interrupted);
        if (error != Errno.None)
            throw new ErrnoException($"clock_nanosleep of {duration}", error);
    }

    /// <summary>The time the calling thread has spent on a CPU, in user mode and in the kernel, exact to 100 ns.</summary>
    public static TimeSpan ThreadCpuTime() => Now(Libc.ClockThreadCpuTime).ToTimeSpan();

    /// <summary>The time all threads of the process have spent on CPUs, in user mode and in the kernel, exact to 100 ns.</summary>
    public static TimeSpan ProcessCpuTime() => Now(Libc.ClockProcessCpuTime).ToTimeSpan();

    /// <summary>Has the kernel send this process a signal when the thread that started it ends.</summary>
    /// <param name="signal">The signal's number, as 9 for <c>SIGKILL</c>; 0 for none.</param>
    /// <remarks>
    /// Asked for by the calling thread and lost when that thread ends: call it on the main thread. A parent that
    /// ended before the call sends nothing, so look afterwards whether it is still there.
    /// </remarks>
    /// <exception cref="ErrnoException"><see cref="Errno.InvalidArgument"/> when there is no such signal.</exception>
    public static void SetParentDeathSignal(int signal)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(signal);
        if (Libc.ProcessControl(Libc.ControlSetParentDeathSignal, (nuint)signal, 0, 0, 0) < 0)
            throw ErrnoException.FromLastCall($"prctl(PR_SET_PDEATHSIG, {signal})");
    }

    private static unsafe Timespec Now(int clock)
    {
        Timespec now;
        return Libc.ClockGetTime(clock, &now) < 0
            ? throw ErrnoException.FromLastCall($"clock_gettime of clock {clock}")
            : now;
    }
}

// Measures the machine's own error in about half a second, on threads of its own, since affinity and timer slack stay
// with a thread.

using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Measures <see cref="MachineNoise"/>.</summary>
internal static class MachineNoiseMeter
{
    private const int WarmUp = 20;
    private const int Sleeps = 1500;
    private const int CoarseSleeps = 100;
    private const int Wakes = 300;
    private const int LoopLength = 100_000;
    private const int Loops = 5;

    private static readonly TimeSpan Sleep = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan CoarseSleep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FallAsleep = TimeSpan.FromMicroseconds(200);

    // A wake that takes this long has been lost, and the machine with it.
    private static readonly TimeSpan LongestWake = TimeSpan.FromSeconds(10);

    private static int _word;

    /// <summary>Measures. Blocks the calling thread for about half a second.</summary>
    /// <param name="cancellationToken">Ends it between its parts with <see cref="OperationCanceledException"/>.</param>
    public static MachineNoise Measure(CancellationToken cancellationToken)
    {
        double clock = Cheapest(ReadClock);
        double interlocked = Cheapest(OrWord);
        cancellationToken.ThrowIfCancellationRequested();

        LatencyHistogram sleeps = OperatingSystem.IsLinux() ? OnOwnThread(FineSleeps) : OnOwnThread(CoarseSleepsOnly);
        cancellationToken.ThrowIfCancellationRequested();

        double? across = null;
        double? one = null;
        if (OperatingSystem.IsLinux())
        {
            int[] cpus = OnOwnThread(AllowedCpus);
            one = Wake(cpus[0], cpus[0]);
            cancellationToken.ThrowIfCancellationRequested();
            if (cpus.Length > 1)
                across = Wake(cpus[0], cpus[1]);
            cancellationToken.ThrowIfCancellationRequested();
        }

        TimeSpan asked = OperatingSystem.IsLinux() ? Sleep : CoarseSleep;
        return new(
            asked.TotalNanoseconds, sleeps.Percentile(50), sleeps.Percentile(99), sleeps.Max, across, one, clock, interlocked);
    }

    // Of a few loops the cheapest: what it costs when nothing disturbs it.
    private static double Cheapest(Action loop)
    {
        double cheapest = double.MaxValue;
        for (int i = 0; i < Loops; i++)
        {
            long start = Stopwatch.GetTimestamp();
            loop();
            cheapest = Math.Min(cheapest, Stopwatch.GetElapsedTime(start).TotalNanoseconds / LoopLength);
        }

        return cheapest;
    }

    private static void ReadClock()
    {
        for (int i = 0; i < LoopLength; i++)
            _ = Stopwatch.GetTimestamp();
    }

    private static void OrWord()
    {
        for (int i = 0; i < LoopLength; i++)
            Interlocked.Or(ref _word, 1);
    }

    [SupportedOSPlatform("linux")]
    private static int[] AllowedCpus() => ThreadScheduling.GetAffinity();

    [SupportedOSPlatform("linux")]
    private static LatencyHistogram FineSleeps()
    {
        ThreadScheduling.SetTimerSlack(1);
        return Slept(Sleeps, static () => ThreadScheduling.NanoSleep(Sleep));
    }

    private static LatencyHistogram CoarseSleepsOnly() => Slept(CoarseSleeps, static () => Thread.Sleep(CoarseSleep));

    private static LatencyHistogram Slept(int count, Action sleep)
    {
        LatencyHistogram taken = new();
        for (int i = -WarmUp; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            sleep();
            if (i >= 0)
                taken.Record((long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return taken;
    }

    // The waker gives the sleeper time to fall asleep, notes the time and signals; the sleeper notes when it is awake.
    [SupportedOSPlatform("linux")]
    private static double Wake(int wakerCpu, int sleeperCpu)
    {
        using EventFd call = EventFd.Create();
        using EventFd answer = EventFd.Create();
        LatencyHistogram taken = new();
        long called = 0;
        Func<bool> sleeper = Start(() =>
        {
            ThreadScheduling.SetAffinity([sleeperCpu]);
            for (int i = -WarmUp; i < Wakes; i++)
            {
                if (!Wait(call))
                    return false;
                long awake = Stopwatch.GetTimestamp();
                if (i >= 0)
                    taken.Record((long)Stopwatch.GetElapsedTime(Volatile.Read(ref called), awake).TotalNanoseconds);
                answer.Signal();
            }

            return true;
        });
        Func<bool> waker = Start(() =>
        {
            ThreadScheduling.SetAffinity([wakerCpu]);
            ThreadScheduling.SetTimerSlack(1);
            for (int i = -WarmUp; i < Wakes; i++)
            {
                ThreadScheduling.NanoSleep(FallAsleep);
                Volatile.Write(ref called, Stopwatch.GetTimestamp());
                call.Signal();
                if (!Wait(answer))
                    return false;
            }

            return true;
        });
        bool slept = sleeper();
        bool woke = waker();
        if (!slept || !woke)
            throw new ToolException($"the machine did not wake a thread within {Units.Duration(LongestWake)}: it is too busy to measure on");
        return taken.Percentile(50);

        static bool Wait(EventFd signal) =>
            Poll.Wait(signal.Descriptor, PollEvents.In, LongestWake) != PollEvents.None && signal.TryConsume(out _);
    }

    private static T OnOwnThread<T>(Func<T> work) => Start(work)();

    // Starts a thread; what is returned waits for its end and gives its result or throws its exception.
    private static Func<T> Start<T>(Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                result = work();
            }
#pragma warning disable CA1031 // Carried to the caller's thread, not swallowed.
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
#pragma warning restore CA1031
        })
        { IsBackground = true };
        thread.Start();
        return () =>
        {
            thread.Join();
            failure?.Throw();
            return result!;
        };
    }
}

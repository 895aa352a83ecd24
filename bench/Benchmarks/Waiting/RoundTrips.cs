// Two threads, each on a core of its own, that send one message to and fro over an in-memory channel.

using System.Diagnostics;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Testing;
using VmBus.Tool;

namespace VmBus.Benchmarks.Waiting;

/// <summary>Measures what one way of waiting costs in time and in CPU time.</summary>
internal static class RoundTrips
{
    private const byte Plain = 0, Begin = 1, End = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs one cell.</summary>
    /// <param name="budget">The longest that a wait spins.</param>
    /// <param name="adaptive">Whether it adapts.</param>
    /// <param name="think">The pause between two round trips: the sender keeps busy for as long.</param>
    /// <param name="duration">How long to go on.</param>
    /// <returns>What it cost.</returns>
    public static WaitingCell Measure(TimeSpan budget, bool adaptive, TimeSpan think, TimeSpan duration)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("CPU times of threads are read on Linux only.");
        using InMemoryVmBus bus = new(new InMemoryVmBusOptions
        {
            GuestMemorySize = 1 << 20,
            Hypervisor = new HypervisorOptions { SpinBudget = budget, AdaptiveSpin = adaptive },
        });
        // Without a monitor there is no scan, which would take time of its own on the host's core.
        using InMemoryChannel channel = bus.CreateChannel(new InMemoryChannelOptions { GuestToHostSize = 65536, HostToGuestSize = 65536, HasMonitor = false });
        using VmBusChannel guest = channel.Guest.Open(), host = channel.Host.Open();

        LatencyHistogram latencies = new();
        TimeSpan hostCpu = default, guestCpu = default, elapsed = default;
        Exception? error = null;
        Thread hostThread = Start(Cores.TakeHost, () => hostCpu = Answer(host));
        Thread guestThread = Start(Cores.TakeGuest, () => (guestCpu, elapsed) = Ask(guest, think, duration, latencies));
        guestThread.Join();
        hostThread.Join();
        if (error is not null)
            throw new InvalidOperationException("A side of the round trip failed.", error);

        WakeGateStatistics there = channel.Host.Gate.Statistics, back = channel.Guest.Gate.Statistics;
        long caught = there.SpinWakeups + there.Immediate + back.SpinWakeups + back.Immediate;
        double cpu = (hostCpu + guestCpu).TotalMicroseconds;
        return new WaitingCell(
            budget.TotalMicroseconds, adaptive, think.TotalMicroseconds, latencies.Count,
            latencies.Percentile(50) / 1e3, latencies.Percentile(99) / 1e3,
            cpu / latencies.Count, 100 * cpu / elapsed.TotalMicroseconds,
            100.0 * caught / (there.Wakeups + back.Wakeups));

        Thread Start(Action takeCore, Action work)
        {
            Thread thread = new(() =>
            {
                try
                {
                    takeCore();
                    work();
                }
                catch (Exception e)
                {
                    error = e;
                }
            });
            thread.Start();
            return thread;
        }
    }

    private static (TimeSpan Cpu, TimeSpan Elapsed) Ask(VmBusChannel channel, TimeSpan think, TimeSpan duration, LatencyHistogram latencies)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;)
        {
            RoundTrip(channel, Plain);
            Think(think);
        }

        RoundTrip(channel, Begin);
        TimeSpan thought = default;
        TimeSpan cpu = CpuClock.Thread();
        long began = Stopwatch.GetTimestamp();
        do
        {
            long sent = Stopwatch.GetTimestamp();
            RoundTrip(channel, Plain);
            latencies.Record((long)Stopwatch.GetElapsedTime(sent).TotalNanoseconds);
            thought += Think(think);
        }
        while (Stopwatch.GetElapsedTime(began) < duration);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        cpu = CpuClock.Thread() - cpu - thought;
        RoundTrip(channel, End);
        return (cpu, elapsed);
    }

    // Answers each message with its own payload.
    private static TimeSpan Answer(VmBusChannel channel)
    {
        TimeSpan cpu = default;
        while (true)
        {
            byte kind = Receive(channel);
            if (kind == Begin)
                cpu = CpuClock.Thread();
            if (kind == End)
                cpu = CpuClock.Thread() - cpu;
            Send(channel, kind);
            if (kind == End)
                return cpu;
        }
    }

    private static void RoundTrip(VmBusChannel channel, byte kind)
    {
        Send(channel, kind);
        if (Receive(channel) != kind)
            throw new InvalidOperationException("The answer is another message's.");
    }

    private static void Send(VmBusChannel channel, byte kind)
    {
        Span<byte> payload = stackalloc byte[64];
        payload.Clear();
        payload[0] = kind;
        if (!channel.TrySend(payload, urgency: Urgency.Urgent))
            throw new InvalidOperationException("The ring is full with one message in it.");
    }

    private static byte Receive(VmBusChannel channel)
    {
        if (!channel.WaitToRead(Patience))
            throw new TimeoutException($"Nothing was heard for {Patience.TotalSeconds} s.");
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            throw new InvalidOperationException("A wait ended without a message.");
        byte kind = packet.Payload[0];
        batch.Commit();
        return kind;
    }

    // The CPU time of the pause is the load's, not the waiting's.
    private static TimeSpan Think(TimeSpan time)
    {
        if (time == TimeSpan.Zero)
            return TimeSpan.Zero;
        TimeSpan before = CpuClock.Thread();
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
            Thread.SpinWait(4);
        return CpuClock.Thread() - before;
    }
}

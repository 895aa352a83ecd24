using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Testing;

namespace VmBus.Backends.Tests.InMemory;

public class SteppedScanTests
{
    [Fact]
    public void The_fake_clocks_timers_examine_the_page_to_the_tick()
    {
        using var partitions = new TestPartitions();
        MonitorPort port = Monitored(partitions, latency: 1000, out List<long> signals);
        Set(port, 0);
        partitions.Clock.Advance(TimeSpan.FromTicks(999));
        Assert.Empty(signals);
        partitions.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal([1000], signals);

        partitions.Clock.Advance(TimeSpan.FromTicks(1));
        Set(port, 0);
        partitions.Clock.Advance(TimeSpan.FromTicks(999));
        Assert.Equal([1000, 2000], signals);
        Assert.Equal(3, port.Examiner.Examinations(0));
    }

    [Fact]
    public void Examinations_are_the_same_in_small_steps_and_in_one_large_one()
    {
        long[] Examinations(int steps)
        {
            using var partitions = new TestPartitions();
            MonitorPort port = Monitored(partitions, latency: 700, out List<long> signals);
            port.Register(64, 99, 0, 1300);
            Set(port, 0);
            for (int step = 0; step < steps; step++)
                partitions.Clock.Advance(TimeSpan.FromTicks(1_000_000 / steps));
            return [port.Examiner.Examinations(0), port.Examiner.Examinations(2), signals.Count, port.Page.NextCheckTime(0), port.Page.NextCheckTime(64)];
        }

        long[] expected = Examinations(1);
        Assert.Equal(1 + 1_000_000 / 700, expected[0]);
        Assert.Equal(1 + 1_000_000 / 1300, expected[1]);
        foreach (int steps in (int[])[2, 10, 1000, 100_000])
            Assert.Equal(expected, Examinations(steps));
    }

    [Fact]
    public void An_hour_at_once_is_no_work()
    {
        using var partitions = new TestPartitions();
        MonitorPort port = Monitored(partitions, latency: 10, out _);
        partitions.Clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1 + TimeSpan.FromHours(1).Ticks / 10, port.Examiner.Examinations(0));
    }

    [Fact]
    public void A_late_monitor_is_examined_from_its_registration_on()
    {
        using var partitions = new TestPartitions();
        partitions.Clock.Advance(TimeSpan.FromTicks(12345));
        MonitorPort port = Monitored(partitions, latency: 1000, out List<long> signals);
        Set(port, 0);
        partitions.Clock.Advance(TimeSpan.FromTicks(5000));

        Assert.Equal([13345], signals);
    }

    [Fact]
    public void Stepping_by_hand_does_what_a_timer_would()
    {
        using var partitions = new TestPartitions();
        Assert.Null(partitions.Hypervisor.Step());
        MonitorPort port = Monitored(partitions, latency: 1000, out List<long> signals);
        Set(port, 0);

        Assert.Equal(TimeSpan.FromTicks(1000), partitions.Hypervisor.Step());
        Assert.Empty(signals);
        partitions.Clock.Advance(partitions.Hypervisor.Step()!.Value);
        Assert.Equal(TimeSpan.FromTicks(2000), partitions.Hypervisor.Step());
        Assert.Single(signals);
    }

    [Fact]
    public void A_disabled_page_is_seen_enabled_within_the_slow_interval()
    {
        using var partitions = new TestPartitions();
        MonitorPort port = Monitored(partitions, latency: 1000, out List<long> signals);
        port.SetGroupEnabled(0, false);
        Set(port, 0);
        partitions.Clock.Advance(TimeSpan.FromTicks(50_000));
        Assert.Empty(signals);

        // As a host would that writes the page itself.
        port.Page.TriggerState = 1;
        partitions.Clock.Advance(TimeSpan.FromTicks(49_999));
        Assert.Empty(signals);
        partitions.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Single(signals);
    }

    [Fact]
    public void A_deleted_monitor_port_is_examined_no_more()
    {
        using var partitions = new TestPartitions();
        MonitorPort port = Monitored(partitions, latency: 1000, out List<long> signals);
        Set(port, 0);
        partitions.Guest.DeletePort(port.Id);
        partitions.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Empty(signals);
        Assert.Equal(1u, port.Page.Pending(0));
    }

    [Fact]
    public void A_signal_may_register_monitors_itself()
    {
        using var partitions = new TestPartitions();
        MonitorPort? port = null;
        partitions.Guest.Connect(5, partitions.Root.CreateNotificationPort(5, () => port!.Register(1, 5, 0, 100)));
        port = partitions.Guest.CreateMonitorPort(6, partitions.Guest.Memory.AllocatePages(1));
        port.Register(0, 5, 0, 1000);
        Set(port, 0);
        partitions.Clock.Advance(TimeSpan.FromTicks(2000));

        Assert.Equal(1 + 1 + 10, port.Examiner.Examinations(0));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(8ul)]
    [InlineData(64ul * GuestMemory.PageSize)]
    public void An_impossible_monitor_page_is_refused(ulong gpa)
    {
        using var partitions = new TestPartitions();

        Assert.Equal(HypercallStatus.InvalidParameter, Assert.Throws<HypercallException>(() => partitions.Guest.CreateMonitorPort(1, gpa)).Status);
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused()
    {
        var clock = new FakeTimeProvider();
        Assert.Throws<ArgumentException>(() => new Hypervisor(new() { Clock = clock }));
        Assert.Throws<ArgumentException>(() => new Hypervisor(new() { Clock = clock, MonitorScan = MonitorScan.Stepped, HypercallCost = TimeSpan.FromTicks(1) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Hypervisor(new() { WakeCost = TimeSpan.FromTicks(-1) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Hypervisor(new() { Monitor = new() { MinLatency = TimeSpan.Zero } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Hypervisor(new() { Monitor = new() { MaxLatency = TimeSpan.FromMilliseconds(7) } }));
        using var threaded = new Hypervisor();
        Assert.Throws<InvalidOperationException>(() => threaded.Step());
    }

    // A guest and a host on one thread under a fake clock: sends, waits and replies, with costs that move the clock.
    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    public void Two_runs_leave_the_same_trace(SignalMode mode)
    {
        List<string> first = Trace(mode), second = Trace(mode);

        Assert.True(first.Count > 200, $"Only {first.Count} events.");
        Assert.Equal(first, second);
    }

    private static List<string> Trace(SignalMode mode)
    {
        var trace = new List<string>();
        var clock = new FakeTimeProvider();
        TimeSpan spent = TimeSpan.Zero;
        using var bus = new InMemoryVmBus(new()
        {
            GuestMemorySize = 1 << 20,
            Hypervisor = new()
            {
                Clock = clock,
                MonitorScan = MonitorScan.Stepped,
                SharedMemory = false,
                HypercallCost = TimeSpan.FromTicks(20),
                SpendCost = cost => spent += cost,
                InlineContinuations = true,
            },
        });
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 4096, HostToGuestSize = 4096 });
        using VmBusChannel guest = ChannelTraffic.Open(memory.Guest, mode), host = ChannelTraffic.Open(memory.Host, mode);
        var random = new Random(42);
        async Task Serve()
        {
            for (long expected = 0; expected < 100; expected++)
            {
                await host.WaitToReadAsync();
                ChannelTraffic.Receive(host, expected, 1);
                trace.Add($"{clock.GetUtcNow().Ticks} host {expected}");
                ChannelTraffic.Send(host, expected, 1);
            }
        }
        async Task Ask()
        {
            for (long expected = 0; expected < 100; expected++)
            {
                await guest.WaitToReadAsync();
                ChannelTraffic.Receive(guest, expected, 1);
                trace.Add($"{clock.GetUtcNow().Ticks} guest {expected} spent {spent.Ticks}");
            }
        }
        Task server = Serve(), client = Ask();
        for (long sent = 0; sent < 100; sent++)
        {
            ChannelTraffic.Send(guest, sent, 1);
            clock.Advance(TimeSpan.FromTicks(random.Next(3000)));
            trace.Add($"{clock.GetUtcNow().Ticks} sent {sent}");
        }
        clock.Advance(TimeSpan.FromMilliseconds(10));
        Assert.True(server.IsCompleted && client.IsCompleted, "A message is missing.");
        server.GetAwaiter().GetResult();
        client.GetAwaiter().GetResult();
        return trace;
    }

    private static MonitorPort Monitored(TestPartitions partitions, ushort latency, out List<long> signals)
    {
        var times = new List<long>();
        signals = times;
        MonitorPort? port = null;
        // While an examination signals, the page still says when it was due.
        partitions.Guest.Connect(77, partitions.Root.CreateNotificationPort(77, () => times.Add(port!.Page.NextCheckTime(0))));
        port = partitions.Guest.CreateMonitorPort(78, partitions.Guest.Memory.AllocatePages(1));
        port.Register(0, 77, 0, latency);
        return port;
    }

    private static void Set(MonitorPort port, int id) => Interlocked.Or(ref port.Page.Pending(id / 32), 1u << (id % 32));
}

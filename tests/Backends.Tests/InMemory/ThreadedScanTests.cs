using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public class ThreadedScanTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(3000)]
    public void Every_pending_bit_becomes_a_signal(int latencyMicroseconds)
    {
        using var hypervisor = new Hypervisor();
        Partition root = hypervisor.CreatePartition(1 << 16), guest = hypervisor.CreatePartition(1 << 16);
        long signals = 0;
        guest.Connect(1, root.CreateNotificationPort(1, () => Interlocked.Increment(ref signals)));
        MonitorPort port = guest.CreateMonitorPort(2, guest.Memory.AllocatePages(1));
        port.Register(127, 1, 0, (ushort)(latencyMicroseconds * 10));

        for (long round = 1; round <= 50; round++)
        {
            Interlocked.Or(ref port.Page.Pending(3), 1u << 31);
            Background.Until(() => Volatile.Read(ref signals) == round, $"signal {round}");
        }

        Assert.Equal(50, port.Examiner.GetStatistics(127).Signals);
        Assert.True(hypervisor.Lateness.Examinations > 0);
        Assert.True(hypervisor.Lateness.Max >= hypervisor.Lateness.Mean);
    }

    [Fact]
    public void A_registration_wakes_a_scan_that_had_nothing_to_do()
    {
        using var hypervisor = new Hypervisor();
        Partition root = hypervisor.CreatePartition(1 << 16), guest = hypervisor.CreatePartition(1 << 16);
        using var signalled = new ManualResetEventSlim();
        guest.Connect(1, root.CreateNotificationPort(1, signalled.Set));
        MonitorPort port = guest.CreateMonitorPort(2, guest.Memory.AllocatePages(1));
        for (int round = 0; round < 20; round++)
        {
            port.Register(0, 1, 0, 100);
            Interlocked.Or(ref port.Page.Pending(0), 1);
            Assert.True(signalled.Wait(Patience.Limit), $"Round {round}: no signal.");
            signalled.Reset();
            port.Unregister(0);
        }
    }

    [Fact]
    public void A_scanner_that_is_disposed_has_ended_its_thread()
    {
        using var entered = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        bool isEnding = false, wasEnding = false;
        using var memory = new GuestMemory(2 * 4096, shared: false);
        var page = new MonitorPageView(memory.Translate(memory.AllocatePages(1), 4096));
        var scanner = new ThreadedMonitorScanner(static () => 0, () =>
        {
            entered.Set();
            goOn.Wait(Patience.Limit);
            Volatile.Write(ref isEnding, true);
        });
        scanner.Add(new MonitorExaminer(page, new MonitorOptions(), static (_, _) => HypercallStatus.Success));
        Assert.True(entered.Wait(Patience.Limit));
        var disposing = new Thread(() =>
        {
            scanner.Dispose();
            wasEnding = Volatile.Read(ref isEnding);
        });
        disposing.Start();
        Background.Until(() => (disposing.ThreadState & (ThreadState.WaitSleepJoin | ThreadState.Stopped)) != 0, "the dispose waits, or is done");
        goOn.Set();
        Assert.True(disposing.Join(Patience.Limit));
        Assert.True(wasEnding, "The scanner was disposed, and its thread still ran.");
    }

    // Disposed at any moment of its thread's first steps.
    [Fact]
    public void A_scanner_ends_whenever_it_is_disposed()
    {
        using var memory = new GuestMemory(2 * 4096, shared: false);
        var page = new MonitorPageView(memory.Translate(memory.AllocatePages(1), 4096));
        Background disposing = Background.Run(() =>
        {
            for (int round = 0; round < 5000; round++)
            {
                using var started = new ManualResetEventSlim();
                var scanner = new ThreadedMonitorScanner(static () => 0, started.Set);
                scanner.Add(new MonitorExaminer(page, new MonitorOptions(), static (_, _) => HypercallStatus.Success));
                started.Wait(Patience.Limit);
                Thread.SpinWait(round % 300);
                scanner.Dispose();
            }
        });
        disposing.Join();
    }

    [Fact]
    public void The_hypervisor_ends_its_thread_and_can_be_disposed_twice()
    {
        var hypervisor = new Hypervisor();
        Partition guest = hypervisor.CreatePartition(1 << 16);
        MonitorPort port = guest.CreateMonitorPort(2, guest.Memory.AllocatePages(1));
        port.Register(0, 1, 0, 100);
        Background.Until(() => port.Examiner.Examinations(0) > 3, "the page is examined");
        hypervisor.Dispose();
        long examined = port.Examiner.Examinations(0);
        hypervisor.Dispose();

        Assert.Equal(examined, port.Examiner.Examinations(0));
    }
}

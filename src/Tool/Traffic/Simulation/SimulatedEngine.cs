// `vmbus latency --simulate`: the real rings, the real signaller and the real monitor scan, under a clock that only
// moves when the simulation says so.

using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Tool;

/// <summary>Runs a cell as discrete events. The same options give the same result to the last digit.</summary>
internal sealed class SimulatedEngine : ILatencyEngine
{
    private const uint ConnectionId = 1;
    private const ushort MonitorId = 0;

    /// <inheritdoc/>
    public LatencyCell Run(SignalMode mode, LoadKind load, LatencyOptions options, IProgress<LatencyProgress> progress, CancellationToken cancellationToken)
    {
        SimulatedClock clock = new();
        using Hypervisor hypervisor = new(new HypervisorOptions { Clock = clock, MonitorScan = MonitorScan.Stepped, SharedMemory = false });
        Partition root = hypervisor.CreatePartition(2 * GuestMemory.PageSize);
        Partition guestPartition = hypervisor.CreatePartition(4 * GuestMemory.PageSize);

        SimulatedWait hostWait = new(clock, Nanoseconds(options.WakeCost));
        SimulatedWait guestWait = new(clock, Nanoseconds(options.WakeCost));
        guestPartition.Connect(ConnectionId, root.CreateNotificationPort(1, hostWait.Set));
        MonitorPort monitor = guestPartition.CreateMonitorPort(2, guestPartition.Memory.AllocatePages(1), guestPartition);
        monitor.Register(MonitorId, ConnectionId, 0, (ushort)options.Window.Ticks);

        RingMemory toHost = RingMemory.Allocate(options.RingSize);
        RingMemory toGuest = RingMemory.Allocate(options.RingSize);
        CostlyPath hypercall = new(new HypercallSignalPath(guestPartition, ConnectionId, isMonitored: true), clock, Nanoseconds(options.HypercallCost));
        ChannelSignaler guestSignaler = new(
            new SignalBinding { ChildRelid = 1, Path = hypercall, MonitorPage = monitor.Page, MonitorId = MonitorId }, clock)
        {
            Mode = mode,
        };
        ChannelSignaler hostSignaler = new(new SignalBinding { ChildRelid = 1, Path = new CallbackPath(guestWait.Set) }, clock);
        using VmBusChannel guest = new(new OutgoingRing(toHost), new IncomingRing(toGuest), guestSignaler, guestWait, clock);
        using VmBusChannel host = new(new OutgoingRing(toGuest), new IncomingRing(toHost), hostSignaler, hostWait, clock);

        SimulatedHost receiver = new(host, clock);
        SimulatedGuest sender = new(guest, clock, load, options);
        Task<HostResult> receiving = receiver.RunAsync();
        Task<GuestResult> sending = sender.RunAsync();
        clock.RunUntil(Task.WhenAll(receiving, sending), cancellationToken);
        progress.Report(new LatencyProgress(1, receiving.Result.Packets));
        return CellResult.Join(mode, load, sending.Result, receiving.Result, cpu: null);
    }

    internal static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>A hypercall whose effect comes when its cost is paid.</summary>
    private sealed class CostlyPath(ISignalPath path, SimulatedClock clock, long nanoseconds) : ISignalPath
    {
        public SignalCapabilities Capabilities => path.Capabilities;

        public HypercallStatus Signal()
        {
            if (nanoseconds == 0)
                return path.Signal();
            clock.Schedule(nanoseconds, () => path.Signal());
            return HypercallStatus.Success;
        }
    }

    private sealed class CallbackPath(Action signal) : ISignalPath
    {
        public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

        public HypercallStatus Signal()
        {
            signal();
            return HypercallStatus.Success;
        }
    }
}

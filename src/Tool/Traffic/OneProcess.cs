// Both ends in this process: two threads, and between them the in-memory hypervisor with its scan on a third.

using VmBus.Backends.InMemory;
using VmBus.Channels;

namespace VmBus.Tool.Traffic;

/// <summary>Runs guest and host as two threads over an <see cref="InMemoryVmBus"/>.</summary>
internal sealed class OneProcess : IChannelRun
{
    /// <inheritdoc/>
    public (TGuest Guest, THost Host) Run<TGuest, THost>(
        ChannelPlan plan, Func<Channel, CancellationToken, TGuest> guest, IHostJob<THost> host, Action tick, CancellationToken cancellationToken)
    {
        using InMemoryVmBus bus = new(new InMemoryVmBusOptions
        {
            GuestMemorySize = 2L * plan.RingSize + (1 << 20),
            Hypervisor = new HypervisorOptions { SpinBudget = plan.Spin, AdaptiveSpin = false, ScanThreadStarted = Cores.TakeHost, HypercallCost = plan.HypercallCost, WakeCost = plan.WakeCost },
        });
        using InMemoryChannel memory = bus.CreateChannel(new InMemoryChannelOptions
        {
            GuestToHostSize = plan.RingSize,
            HostToGuestSize = plan.RingSize,
            Latency = plan.Window,
        });
        using Channel guestEnd = memory.Guest.Open();
        using Channel hostEnd = memory.Host.Open();
        guestEnd.Mode = plan.Mode;

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Worker<THost> hostThread = new("vmbus-host", Cores.TakeHost, () => host.Run(hostEnd, stop.Token), stop);
        Worker<TGuest> guestThread = new("vmbus-guest", Cores.TakeGuest, () => guest(guestEnd, stop.Token), stop);
        guestThread.JoinTicking(tick);
        hostThread.JoinTicking(tick);
        WorkerErrors.ThrowFirst(guestThread.Error, hostThread.Error);
        return (guestThread.Result, hostThread.Result);
    }
}

// Both ends in this process: two threads, and between them the in-memory hypervisor with its scan on a third. The guest
// connects, negotiates, opens and closes as it would anywhere.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Runs guest and host as two threads over an <see cref="InMemoryMachine"/>.</summary>
/// <param name="observer">Sees the messages of each connection, if given.</param>
internal sealed class OneProcess(IMessageObserver? observer = null) : IChannelRun
{
    private static readonly Guid DeviceClass = new("6f1d2b9e-3c57-4d7a-9a53-8a7b0c2f4e11");
    private static readonly Guid DeviceInstance = new("6f1d2b9e-3c57-4d7a-9a53-8a7b0c2f4e12");

    /// <inheritdoc/>
    public (TGuest Guest, THost Host) Run<TGuest, THost>(
        ChannelPlan plan, Func<VmBusChannel, CancellationToken, TGuest> guest, IHostJob<THost> host, Action tick, CancellationToken cancellationToken) =>
        RunAsync(plan, guest, host, tick, cancellationToken).GetAwaiter().GetResult();

    private async Task<(TGuest Guest, THost Host)> RunAsync<TGuest, THost>(
        ChannelPlan plan, Func<VmBusChannel, CancellationToken, TGuest> guest, IHostJob<THost> host, Action tick, CancellationToken cancellationToken)
    {
        await using InMemoryMachine machine = new(new InMemoryMachineOptions
        {
            GuestMemorySize = 2L * plan.RingSize + (1 << 20),
            Hypervisor = new HypervisorOptions { SpinBudget = plan.Spin, AdaptiveSpin = false, ScanThreadStarted = Cores.TakeHost, HypercallCost = plan.HypercallCost, WakeCost = plan.WakeCost },
            Host = new HostBusOptions { Observer = observer },
        });
        LentChannel device = new();
        HostOffer offered = new(DeviceClass, DeviceInstance) { MonitorLatency = plan.Window };
        await machine.Host.OfferAsync(offered, device, new DeviceChannelOptions { Trust = PeerTrust.Trusted });
        await using GuestBus bus = await machine.ConnectAsync(cancellationToken: cancellationToken);
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(cancellationToken);
        await using VmBusChannel guestEnd = await bus.OpenAsync(
            offers[0], new GuestChannelOptions { OutgoingSize = plan.RingSize, IncomingSize = plan.RingSize, SignalMode = plan.Mode }, cancellationToken);
        try
        {
            VmBusChannel hostEnd = await device.Opened;
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Worker<THost> hostThread = new("vmbus-host", Cores.TakeHost, () => host.Run(hostEnd, stop.Token), stop);
            Worker<TGuest> guestThread = new("vmbus-guest", Cores.TakeGuest, () => guest(guestEnd, stop.Token), stop);
            guestThread.JoinTicking(tick);
            hostThread.JoinTicking(tick);
            WorkerErrors.ThrowFirst(guestThread.Error, hostThread.Error);
            return (guestThread.Result, hostThread.Result);
        }
        finally
        {
            device.Return();
        }
    }
}
